package rivals

import (
	"io"
	"math"
	"sync"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/evaluate"
	"github.com/sirupsen/logrus"
)

// condition is a metric's conditions, evaluated by Argo's own code. That compiles them anew each time, which takes
// longer than all else in the lab, and is a function of the result alone: so what it said of a result is remembered.
type condition struct {
	metric v1alpha1.Metric
	mu     sync.Mutex
	known  map[uint64]v1alpha1.AnalysisPhase // by the bits of the result
}

// remembered is how many results.
const remembered = 1 << 16

func newCondition(m v1alpha1.Metric) *condition {
	return &condition{metric: m, known: map[uint64]v1alpha1.AnalysisPhase{}}
}

// evaluate tells what a result of at most one value is.
func (c *condition) evaluate(result []float64) v1alpha1.AnalysisPhase {
	if len(result) != 1 {
		return c.ask(result)
	}
	key := math.Float64bits(result[0])
	c.mu.Lock()
	phase, ok := c.known[key]
	c.mu.Unlock()
	if ok {
		return phase
	}
	phase = c.ask(result)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) < remembered {
		c.known[key] = phase
	}
	return phase
}

func (c *condition) ask(result []float64) v1alpha1.AnalysisPhase {
	phase, err := evaluate.EvaluateResult(result, c.metric, silent())
	if err != nil {
		return v1alpha1.AnalysisPhaseError
	}
	return phase
}

// silent is what Argo's code would log to.
func silent() logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return *logrus.NewEntry(l)
}
