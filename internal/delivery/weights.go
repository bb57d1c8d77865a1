package delivery

import (
	"fmt"
	"slices"
	"strings"
)

// Full is the sum of all weights of a service: 100 % in basis points.
const Full = 10_000

// Weight is one deployment's share of its service's traffic.
type Weight struct {
	Deployment  int `json:"deployment"`   // the deployment's number
	BasisPoints int `json:"basis_points"` // 1 to 10,000
}

// Weights share a service's traffic among its deployments, in ascending order of deployment. They sum to Full.
// Empty weights mean that nothing serves: the route answers 503.
type Weights []Weight

// All gives everything to one deployment; to none when the number is 0.
func All(deployment int) Weights {
	if deployment == 0 {
		return nil
	}
	return Weights{{deployment, Full}}
}

// Split gives percent (0 to 100) to canary and the rest to stable. Who gets nothing is left out.
func Split(stable, canary, percent int) Weights {
	switch {
	case percent <= 0:
		return All(stable)
	case percent >= 100 || stable == 0:
		return All(canary)
	}
	bp := percent * Full / 100
	w := Weights{{stable, Full - bp}, {canary, bp}}
	slices.SortFunc(w, func(a, b Weight) int { return a.Deployment - b.Deployment })
	return w
}

// Of gives a deployment's share in basis points, 0 when it has none.
func (w Weights) Of(deployment int) int {
	for _, x := range w {
		if x.Deployment == deployment {
			return x.BasisPoints
		}
	}
	return 0
}

// Check fails with Invalid unless the weights are empty or ascending, positive and sum to Full.
func (w Weights) Check() error {
	sum, last := 0, 0
	for _, x := range w {
		if x.Deployment <= last || x.BasisPoints < 1 {
			return Errorf(Invalid, "weights %s: deployments must ascend from 1 and shares be at least 1 basis point", w)
		}
		sum, last = sum+x.BasisPoints, x.Deployment
	}
	if len(w) > 0 && sum != Full {
		return Errorf(Invalid, "weights %s sum to %d basis points: they must sum to %d", w, sum, Full)
	}
	return nil
}

func (w Weights) String() string {
	if len(w) == 0 {
		return "none"
	}
	parts := make([]string, len(w))
	for i, x := range w {
		parts[i] = fmt.Sprintf("%d: %g %%", x.Deployment, float64(x.BasisPoints)/100)
	}
	return strings.Join(parts, ", ")
}
