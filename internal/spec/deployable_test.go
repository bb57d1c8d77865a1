package spec_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec"
)

var expected = spec.Expected{
	Service:    delivery.ServiceID{Environment: "shop", Name: "cart"},
	Commit:     "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
	Repository: "127.0.0.1:5000/shop/cart",
}

// built is a deploy.json after a build, with more keys.
func built(keys string) []byte {
	return []byte(strings.TrimSuffix(deploy, "\n}") + ",\n  " + keys + "\n}")
}

const image = `"ContainerImage": "127.0.0.1:5000/shop/cart:1"`

func declared(t *testing.T, files map[string]string) spec.Declaration {
	t.Helper()
	files[spec.DeployFile], files[spec.Dockerfile] = deploy, "FROM scratch"
	d, _, err := spec.Load(tree(files))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeployable(t *testing.T) {
	d := declared(t, map[string]string{})
	inFile := `, "Sha": "0a1b2c3d", "CanaryTemplate": "` + base64.StdEncoding.EncodeToString([]byte(template)) + `"`
	got, err := spec.NewDeployable(d, built(image+inFile), expected)
	if err != nil {
		t.Fatal(err)
	}
	c := got.Workload.Containers[0]
	if c.Image != "127.0.0.1:5000/shop/cart:1" || c.Environment["V"] != "0a1b2c3d" {
		t.Errorf("%+v", c)
	}
	if got.Service != expected.Service || got.Port != 8080 || got.Protocol != delivery.HTTP || got.Namespace != "shop.local" || got.Path != "/" || got.Policy.Wait != time.Minute {
		t.Errorf("%+v", got)
	}
	r := got.Revision
	if r.Commit != expected.Commit || !strings.HasPrefix(r.Template, "sha256:") || !strings.HasPrefix(r.Config, "sha256:") {
		t.Errorf("%+v", r)
	}
}

func TestDeployableWithoutTemplateInTheFile(t *testing.T) {
	with, err := spec.NewDeployable(declared(t, map[string]string{spec.TemplateFile: template}), built(image), expected)
	if err != nil {
		t.Fatal(err)
	}
	if with.Revision.Template == "" || with.Workload.Containers[0].Environment["V"] != "0a1b2c3d" {
		t.Errorf("the commit's own template was not used: %+v", with)
	}
	without, err := spec.NewDeployable(declared(t, map[string]string{}), built(image), expected)
	if err != nil || without.Revision.Template != "" || !without.Workload.Exposed {
		t.Errorf("%+v %v", without, err)
	}
}

func TestDigestsTellWhatRunsApart(t *testing.T) {
	d := declared(t, map[string]string{})
	config := func(keys, old, next string) string {
		t.Helper()
		text := strings.Replace(string(built(image+keys)), old, next, 1)
		got, err := spec.NewDeployable(d, []byte(text), expected)
		if err != nil {
			t.Fatal(err)
		}
		return got.Revision.Config
	}
	first := config("", "", "")
	if config(`, "FailureThresholdValue": 3`, `"WaitTime": 60`, `"WaitTime": 61`) != first {
		t.Error("the way of releasing is in the digest")
	}
	if config("", "8080", "8081") == first || config(`, "Path": "/x"`, "", "") == first || config(`, "Hosts": ["a.b"]`, "", "") == first {
		t.Error("the port or the gateway's keys are not in the digest")
	}
}

func TestDeployableRefuses(t *testing.T) {
	d := declared(t, map[string]string{})
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"no image":          {deploy, "ContainerImage: the key is missing"},
		"another's image":   {string(built(`"ContainerImage": "127.0.0.1:5000/shop/pay:1"`)), "which is not in the service's own repository"},
		"longer name":       {string(built(`"ContainerImage": "127.0.0.1:5000/shop/cart-x:1"`)), "which is not in the service's own repository"},
		"nested repository": {string(built(`"ContainerImage": "127.0.0.1:5000/shop/cart:1/x"`)), "which is not in the service's own repository"},
		"another registry":  {string(built(`"ContainerImage": "evil.test/127.0.0.1:5000/shop/cart:1"`)), "which is not in the service's own repository"},
		"another service":   {strings.Replace(string(built(image)), `"cart"`, `"pay"`, 1), `MicroserviceName: it is "pay", and the repository belongs to "cart"`},
		"another env":       {strings.Replace(string(built(image)), `"shop"`, `"bank"`, 1), `EnvironmentName: it is "bank"`},
		"another commit":    {string(built(image + `, "Sha": "ffffffff"`)), "Sha: it is ffffffff, and the commit that was built is 0a1b2c3d"},
		"broken":            {"{", "this is no JSON"},
		"broken template":   {string(built(image + `, "CanaryTemplate": "e30="`)), "the template has no resources"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := spec.NewDeployable(d, []byte(c.text), expected)
			if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q is not in: %v", c.want, err)
			}
		})
	}
}
