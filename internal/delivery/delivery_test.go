package delivery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
)

func TestIDsAreReadAsTheyAreWritten(t *testing.T) {
	service := delivery.ServiceID{Environment: "yelb", Name: "yelb-ui"}
	deployment := delivery.DeploymentID{Service: service, Number: 7}
	task := delivery.TaskID{Deployment: deployment, Replica: 2}
	if got, err := delivery.ParseServiceID(service.String()); err != nil || got != service {
		t.Errorf("%s is read as %v, %v", service, got, err)
	}
	if got, err := delivery.ParseDeploymentID(deployment.String()); err != nil || got != deployment {
		t.Errorf("%s is read as %v, %v", deployment, got, err)
	}
	for _, id := range []delivery.TaskID{task, delivery.GatewayTask("yelb")} {
		if got, err := delivery.ParseTaskID(id.String()); err != nil || got != id {
			t.Errorf("%s is read as %v, %v", id, got, err)
		}
	}
	if task.Gateway() || !delivery.GatewayTask("yelb").Gateway() {
		t.Error("gateways are not told apart")
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "yelb-ui": true, "a1": true, strings.Repeat("a", 40): true,
		"": false, "1a": false, "-a": false, "a-": false, "A": false, "a_b": false, "a/b": false, "a.b": false, strings.Repeat("a", 41): false,
	} {
		err := delivery.CheckName("service", name)
		if (err == nil) != ok {
			t.Errorf("%q: %v, want ok to be %t", name, err, ok)
		}
		if err != nil && !errors.Is(err, delivery.Invalid) {
			t.Errorf("%q: %v is not Invalid", name, err)
		}
	}
}

func TestWrongIDs(t *testing.T) {
	for _, text := range []string{"", "a", "a/b/c", "a/b/0", "a/b/-1", "A/b/1", "a/b/1x"} {
		if _, err := delivery.ParseDeploymentID(text); !errors.Is(err, delivery.Invalid) {
			t.Errorf("%q: %v, want Invalid", text, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		stable, canary, percent int
		want                    delivery.Weights
	}{
		{1, 2, 25, delivery.Weights{{Deployment: 1, BasisPoints: 7500}, {Deployment: 2, BasisPoints: 2500}}},
		{3, 2, 10, delivery.Weights{{Deployment: 2, BasisPoints: 1000}, {Deployment: 3, BasisPoints: 9000}}},
		{1, 2, 0, delivery.All(1)},
		{1, 2, 100, delivery.All(2)},
		{0, 2, 10, delivery.All(2)},
		{0, 2, 0, nil},
	} {
		got := delivery.Split(test.stable, test.canary, test.percent)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("Split(%d, %d, %d) (-want +got):\n%s", test.stable, test.canary, test.percent, diff)
		}
		if err := got.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestWeightsThatCannotBe(t *testing.T) {
	for _, w := range []delivery.Weights{
		{{Deployment: 1, BasisPoints: 9999}},
		{{Deployment: 1, BasisPoints: 10000}, {Deployment: 2, BasisPoints: 0}},
		{{Deployment: 2, BasisPoints: 5000}, {Deployment: 1, BasisPoints: 5000}},
		{{Deployment: 0, BasisPoints: 10000}},
	} {
		if err := w.Check(); !errors.Is(err, delivery.Invalid) {
			t.Errorf("%v: %v, want Invalid", w, err)
		}
	}
}

func TestErrorsKeepTheirCodeAndCause(t *testing.T) {
	cause := errors.New("disk full")
	err := fmt.Errorf("storing: %w", delivery.Errorf(delivery.Unavailable, "no room: %w", cause))
	if !errors.Is(err, delivery.Unavailable) || !errors.Is(err, cause) || errors.Is(err, delivery.Invalid) {
		t.Errorf("%v has lost its code or its cause", err)
	}
	if got := delivery.CodeOf(err); got != delivery.Unavailable {
		t.Errorf("the code is %q", got)
	}
	if got := delivery.CodeOf(cause); got != delivery.Internal {
		t.Errorf("the code of a plain error is %q", got)
	}
}

func TestShortRevision(t *testing.T) {
	for want, r := range map[string]delivery.Revision{
		"0123abcd":     {Commit: "0123abcd4567", Image: "r/x@sha256:ffff"},
		"0123456789ab": {Image: "r/x@sha256:0123456789abcdef"},
		"fedcba987654": {Image: "sha256:fedcba98765432"},
	} {
		if got := r.Short(); got != want {
			t.Errorf("%+v is %q for short, want %q", r, got, want)
		}
	}
}
