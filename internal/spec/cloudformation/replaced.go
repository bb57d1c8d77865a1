package cloudformation

import "strings"

// replacedBy tells what Serin has instead of a container, "" when it is to run.
func replacedBy(name, image string, t task, firelens bool) string {
	repository := strings.ToLower(image)
	if i := strings.LastIndexByte(repository, '/'); i >= 0 {
		repository = repository[i+1:]
	}
	repository, _, _ = strings.Cut(repository, "@")
	repository, _, _ = strings.Cut(repository, ":")
	switch {
	case repository == "aws-appmesh-envoy", repository == "aws-appmesh-proxy-route-manager", t.proxy != "" && name == t.proxy:
		return "App Mesh's proxy is replaced by Serin's, which is ready before any container starts"
	case repository == "aws-xray-daemon":
		return "the X-Ray daemon is replaced by what Serin's proxies measure"
	case firelens:
		return "the log router is replaced by Serin's own logs"
	}
	return ""
}
