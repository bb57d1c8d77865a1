package rivals

import (
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// appMesh is the reference: the state machine of the AWS blog post "Create a pipeline with canary deployments for
// Amazon ECS using AWS App Mesh" (aws/aws-app-mesh-examples at 107deee, blogs/ecs-canary-deployments-pipeline,
// lambda_functions/gather_healthcheck_status and state_machine_definition.yml). After each WaitTime it sums the 5xx
// answers of the last FailureThresholdTime, and rolls back when they are more than FailureThresholdValue. No data is
// healthy. At 100 % it neither waits nor looks.
func appMesh() lab.Contestant {
	return lab.Contestant{
		Name:   "reference (app mesh)",
		Source: "aws/aws-app-mesh-examples at 107deee, blogs/ecs-canary-deployments-pipeline: re-stated",
		Looks:  appMeshWait,
		New: func(evidence.Trial) lab.Judge {
			window := int(appMeshThresholdTime / appMeshPeriod)
			return whilePartial(&healthcheck{
				window: window, looks: every(appMeshWait),
				scrapes: scrapes{every: appMeshPeriod, keep: window},
			})
		},
	}
}

const (
	appMeshWait           = time.Minute      // WaitTime of the sample application's deploy.json (tiagoReichert/yelb)
	appMeshThresholdValue = 0                // when deploy.json says nothing
	appMeshThresholdTime  = 10 * time.Minute // likewise
	appMeshPeriod         = time.Minute      // of the CloudWatch metric
)

type healthcheck struct {
	scrapes scrapes
	window  int // scrapes
	looks   schedule
}

func (h *healthcheck) Look(iv *evidence.Interval) lab.Decision {
	h.scrapes.observe(iv)
	if h.looks.due(h.scrapes.now, appMeshWait) && !h.healthy() {
		return lab.RollBack
	}
	return lab.GoOn
}

func (h *healthcheck) healthy() bool {
	in, _ := h.scrapes.canary.increase(h.window, 0)
	return in.failed <= appMeshThresholdValue
}

// Promote goes on to the next share, which the machine does after each wait that ended healthily.
func (h *healthcheck) Promote() bool { return h.healthy() }
