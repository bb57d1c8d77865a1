package spec

import (
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
	"serin.dev/serin/internal/spec/deployjson"
	"serin.dev/serin/internal/workload"
)

// What stands for the commit and the image before a build.
const (
	standInSha   = "00000000"
	standInImage = "the-built-image"
)

func input(f deployjson.File, sha, image string) cloudformation.Input {
	return cloudformation.Input{
		Environment: f.EnvironmentName,
		Service:     f.MicroserviceName,
		Namespace:   f.Namespace,
		Sha:         sha,
		Image:       image,
		Port:        f.Port,
		Protocol:    f.Protocol,
	}
}

// alone is the workload of a deploy.json without a template: one container, which may call every service. The
// gateway routes to it unless it speaks TCP.
func alone(in cloudformation.Input) workload.Workload {
	return workload.Workload{
		Containers: []workload.Container{{Name: "app", Image: in.Image, Essential: true}},
		App:        "app",
		Port:       in.Port,
		Protocol:   in.Protocol,
		Replicas:   1,
		Check:      workload.DefaultCheck(in.Port),
		Exposed:    in.Protocol != delivery.TCP,
	}
}
