package deployjson

import (
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

// The longest times a deploy.json may ask for.
const (
	day  = 24 * 60 * 60
	week = 7 * day
)

// Parse reads the deploy.json called file. The findings are warnings. The error has the code Invalid and tells all
// that is wrong.
func Parse(file string, data []byte) (File, []specfile.Finding, error) {
	c := specfile.NewCollector(file)
	f, ok := parse(c, data)
	warnings, err := c.Result()
	if !ok || err != nil {
		return File{}, warnings, err
	}
	return f, warnings, nil
}

func parse(c *specfile.Collector, data []byte) (File, bool) {
	data, ok := c.Text(data)
	if !ok {
		return File{}, false
	}
	fields, ok := scan(c, data)
	if !ok {
		return File{}, false
	}
	r := reader{c: c, fields: fields}
	f := File{lines: r.lines()}
	r.read(&f)
	r.unknown()
	return f, true
}

func (r *reader) read(f *File) {
	r.identity(f)
	r.release(f)
	r.gateway(f)
	r.built(f)
}

// identity reads which service this is and what its callers speak to it.
func (r *reader) identity(f *File) {
	f.EnvironmentName = r.name("EnvironmentName", "environment")
	f.MicroserviceName = r.name("MicroserviceName", "service")
	if f.MicroserviceName == delivery.GatewayName {
		r.errorf("MicroserviceName", "no service may be called %q, as the environment's gateway is", delivery.GatewayName)
	}
	f.Namespace = r.namespace("Namespace")
	f.Protocol = r.protocol("Protocol")
	f.Port = r.required("Port", 1, 65535)
}

// release reads how a new version takes over and by what it is judged.
func (r *reader) release(f *File) {
	f.PercentageStep = r.required("PercentageStep", 1, 100)
	f.WaitTime = seconds(r.required("WaitTime", 1, week))
	f.Holdback = r.optional("Holdback", 0, 1, 50)
	f.RetryOn = choice(r, "RetryOn", delivery.RetryIdempotent, delivery.RetryConnect, delivery.RetryAll, delivery.RetryNone)
	f.KeepPrevious = seconds(r.optional("KeepPrevious", int(f.WaitTime/time.Second), 0, week))
	f.DeployTimeout = seconds(r.optional("DeployTimeout", 300, 1, day))
	judged := r.judged(delivery.Policy{FailureWindow: seconds(600)})
	f.FailureThresholdValue, f.FailureThresholdTime, f.Judgement = judged.FailureValue, judged.FailureWindow, judged.Judgement
	f.NoTraffic = choice(r, "NoTraffic", delivery.NoTrafficHold, delivery.NoTrafficChecks)
}

// gateway reads by what the gateway routes to the service.
func (r *reader) gateway(f *File) {
	f.Hosts = r.hosts("Hosts")
	f.Path = r.pathPrefix("Path")
}

// built reads what a build added.
func (r *reader) built(f *File) {
	f.Sha = r.sha("Sha")
	f.ContainerImage = r.image("ContainerImage")
	f.CanaryTemplate = r.template("CanaryTemplate")
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
