package cloudformation

import (
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// Note tells what becomes of one part of a template: it runs, is replaced, ignored, refused, or may hurt.
type Note = specfile.Finding

// Input is what a template is evaluated for.
type Input struct {
	Environment string            // EnvironmentName
	Service     string            // MicroserviceName
	Namespace   string            // such as "yelb.local"
	Sha         string            // the commit's first digits
	Image       string            // ContainerImage
	Port        int               // the callers', of deploy.json
	Protocol    delivery.Protocol // of deploy.json
	Region      string            // AWS::Region; "us-east-1" when empty
	AccountID   string            // AWS::AccountId; "000000000000" when empty
}

// Evaluate gives the workload that the template called file describes, and notes on its parts. The error has the
// code Invalid and tells all that is wrong.
func Evaluate(file string, data []byte, in Input) (workload.Workload, []Note, error) {
	c := specfile.NewCollector(file)
	w := evaluate(c, data, in)
	notes, err := c.Result()
	if err != nil {
		return workload.Workload{}, notes, err
	}
	return w, notes, nil
}

func evaluate(c *specfile.Collector, data []byte, in Input) workload.Workload {
	root, ok := c.YAML(data)
	if !ok {
		return workload.Workload{}
	}
	e := newEvaluator(c, in)
	t, ok := e.template(root)
	if !ok {
		return workload.Workload{}
	}
	e.parameters(t)
	e.mappings(t)
	e.conditions(t)
	parts := e.resources(t)
	e.outputs(t)
	return e.assemble(parts)
}
