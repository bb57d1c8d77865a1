package deployjson_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/deployjson"
	"serin.dev/serin/internal/spec/specfile"
)

const whole = `{
  "EnvironmentName": "shop",
  "MicroserviceName": "cart",
  "Namespace": "shop.local",
  "Protocol": "HTTP",
  "Port": 8080,
  "PercentageStep": 25,
  "WaitTime": 60
}`

// with replaces a line of the whole file, or adds keys.
func with(keys string) string { return strings.TrimSuffix(whole, "\n}") + ",\n  " + keys + "\n}" }

func instead(old, next string) string { return strings.Replace(whole, old, next, 1) }

func TestDefaults(t *testing.T) {
	f, warnings, err := deployjson.Parse("deploy.json", []byte(whole))
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	want := delivery.Policy{
		Step: 25, Wait: time.Minute, KeepPrevious: time.Minute, FailureValue: 0, FailureWindow: 10 * time.Minute,
		DeployTimeout: 5 * time.Minute, NoTraffic: delivery.NoTrafficHold, Retries: delivery.RetryIdempotent,
	}
	if diff := cmp.Diff(want, f.Policy()); diff != "" {
		t.Error(diff)
	}
	if f.Protocol != delivery.HTTP || f.Port != 8080 || f.Path != "/" || f.Hosts != nil || f.Namespace != "shop.local" {
		t.Errorf("%+v", f)
	}
	if got := f.Service().String(); got != "shop/cart" {
		t.Error(got)
	}
	if f.Line("Port") != 6 || f.Line("Hosts") != 0 {
		t.Error(f.Line("Port"), f.Line("Hosts"))
	}
}

func TestEveryKey(t *testing.T) {
	wrapped := strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte("Resources: {}\n")), "Z", "Z\\n")
	f, warnings, err := deployjson.Parse("deploy.json", []byte(with(`"FailureThresholdValue": 3,
  "FailureThresholdTime": 120, "RetryOn": "ALL", "KeepPrevious": 0, "DeployTimeout": 30, "NoTraffic": "checks",
  "Judge": "threshold", "FalseAlarmRate": 0.05, "FailureThresholdPercent": 2.5, "FailureThresholdMinimum": 40, "LatencyTolerance": 1.5,
  "ErrorMargin": 0.5, "MaxFailedAttempts": 1000, "MaxUsersHurt": 10, "Holdback": 5,
  "Hosts": ["shop.example.com", "*.shop.test"], "Path": "/cart/", "Sha": "0A1b2c3d",
  "ContainerImage": "127.0.0.1:5000/shop/cart:1", "CanaryTemplate": "`+wrapped+`"`)))
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	want := delivery.Policy{
		Step: 25, Wait: time.Minute, KeepPrevious: 0, FailureValue: 3, FailureWindow: 2 * time.Minute,
		DeployTimeout: 30 * time.Second, NoTraffic: delivery.NoTrafficChecks, Retries: delivery.RetryAll, Holdback: 5,
		Judgement: delivery.Judgement{
			FalseAlarmRate: 0.05, FailurePercent: 2.5, FailureMinimum: 40, LatencyTolerance: 1.5, ErrorMargin: 0.005,
			MaxFailedAttempts: 1000, MaxUsersHurt: 10,
		},
	}
	if diff := cmp.Diff(want, f.Policy()); diff != "" {
		t.Error(diff)
	}
	if f.Sha != "0a1b2c3d" || string(f.CanaryTemplate) != "Resources: {}\n" || f.ContainerImage != "127.0.0.1:5000/shop/cart:1" || len(f.Hosts) != 2 || f.Path != "/cart/" {
		t.Errorf("%+v", f)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // in this order
	}{
		"empty":          {"", []string{"deploy.json: the file is empty"}},
		"not JSON":       {"{\n  \"Port\": 80,\n}", []string{"deploy.json:3: this is no JSON"}},
		"two values":     {"{}\n{}", []string{"deploy.json:2: this is no JSON"}},
		"a list":         {"[]", []string{"must be one JSON object"}},
		"not UTF-8":      {"{\n\"\xff\": 1}", []string{"deploy.json:2: byte 0xff is no UTF-8"}},
		"all missing":    {"{}", []string{"EnvironmentName: the key is missing", "MicroserviceName", "Namespace", "Protocol", "Port", "PercentageStep", "WaitTime"}},
		"quoted":         {instead("8080", `"8080"`), []string{`deploy.json:6: Port: it is "8080": it must be a whole number from 1 to 65535, without quotes`}},
		"fraction":       {instead("25", "2.5"), []string{"PercentageStep: it is 2.5: it must be a whole number from 1 to 100"}},
		"out of range":   {instead("25", "101"), []string{"deploy.json:7: PercentageStep: it is 101"}},
		"huge":           {instead("8080", "99999999999999999999999"), []string{"Port: it is 99999999999999999999999"}},
		"null":           {instead("8080", "null"), []string{"Port: it is null"}},
		"twice":          {with(`"Port": 80`), []string{"deploy.json:9: Port: the key is here twice, first in line 6"}},
		"several":        {`{"EnvironmentName": 1, "MicroserviceName": "Cart", "Namespace": "a b", "Protocol": "udp", "Port": 0, "PercentageStep": 25, "WaitTime": 0}`, []string{"EnvironmentName: it is 1", "MicroserviceName: service name", "Namespace", `Protocol: it is "udp": it must be one of http, http2, grpc, tcp`, "Port", "WaitTime"}},
		"gateway":        {instead("cart", "gateway"), []string{`no service may be called "gateway"`}},
		"retry":          {with(`"RetryOn": "some"`), []string{`it must be one of idempotent, connect, all, none`}},
		"no traffic":     {with(`"NoTraffic": "promote"`), []string{`it must be one of hold, checks`}},
		"judge":          {with(`"Judge": "me"`), []string{`Judge: it is "me": it must be one of threshold, comparison`}},
		"rate":           {with(`"FalseAlarmRate": 1`), []string{`FalseAlarmRate: it is 1: it must be a number from 0.000001 to 0.2`}},
		"quoted number":  {with(`"ErrorMargin": "1"`), []string{`ErrorMargin: it is "1": it must be a number from 0.001 to 50, without quotes`}},
		"minimum alone":  {with(`"FailureThresholdMinimum": 10`), []string{`FailureThresholdPercent, which is missing`}},
		"host":           {with(`"Hosts": ["https://a", "b.c", "b.c"]`), []string{`"https://a" is no host`, `"b.c" is here twice`}},
		"hosts no list":  {with(`"Hosts": "a.b"`), []string{`it must be a list of hosts`}},
		"path":           {with(`"Path": "cart?"`), []string{`it must be a path`}},
		"sha":            {with(`"Sha": "xyz"`), []string{`Sha: it is "xyz"`}},
		"image":          {with(`"ContainerImage": ""`), []string{`ContainerImage: it is ""`}},
		"template":       {with(`"CanaryTemplate": "%%"`), []string{`it is no base64`}},
		"empty template": {with(`"CanaryTemplate": " "`), []string{`it is empty`}},
		"too large":      {with(`"x": "` + strings.Repeat("x", specfile.MaxSize) + `"`), []string{"at most 1048576 (1 MiB)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := deployjson.Parse("deploy.json", []byte(c.text))
			if !errors.Is(err, delivery.Invalid) {
				t.Fatalf("%v is not Invalid", err)
			}
			rest := err.Error()
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q is not (in this order) in:\n%v", want, err)
				}
				rest = after
			}
		})
	}
}

func TestUnknownKeysAreWarnings(t *testing.T) {
	_, warnings, err := deployjson.Parse("deploy.json", []byte(with(`"RetryOm": {"a": [1]}, "Owner": "team"`)))
	if err != nil {
		t.Fatal(err)
	}
	want := "[deploy.json:9: RetryOm: Serin does not know this key: nothing is done with it (did you mean RetryOn?)" +
		" deploy.json:9: Owner: Serin does not know this key: nothing is done with it]"
	if got := fmt.Sprint(warnings); got != want {
		t.Error(got)
	}
}

func TestProblemsOneByOne(t *testing.T) {
	_, _, err := deployjson.Parse("deploy.json", []byte("{}"))
	problems, ok := errors.AsType[specfile.Problems](err)
	if !ok || len(problems) != 7 || problems[0].Subject != "EnvironmentName" || problems[0].Kind != specfile.Error {
		t.Errorf("%v", problems)
	}
}

func TestByComparison(t *testing.T) {
	for text, want := range map[string]int{
		`"Judge": "threshold"`:                              0,
		`"Judge": "comparison"`:                             -1,
		`"Judge": "comparison", "FailureThresholdValue": 7`: 7,
	} {
		f, _, err := deployjson.Parse("deploy.json", []byte(with(text)))
		if err != nil || f.Policy().FailureValue != want {
			t.Errorf("%s: %v, %d failures may be", text, err, f.Policy().FailureValue)
		}
	}
	f, _, err := deployjson.Parse("deploy.json", []byte(with(`"FailureThresholdPercent": 5`)))
	if err != nil || f.Judgement.FailureMinimum != 20 {
		t.Error(err, f.Judgement)
	}
}

func TestParsePolicy(t *testing.T) {
	otherwise := delivery.Policy{Step: 10, FailureValue: 9, FailureWindow: time.Hour, Judgement: delivery.Judgement{ErrorMargin: 0.01, LatencyTolerance: 2}}
	got, warnings, err := deployjson.ParsePolicy("policy.json", []byte(`{"Judge": "comparison", "LatencyTolerance": 3}`), otherwise)
	want := otherwise
	want.FailureValue, want.Judgement.LatencyTolerance = -1, 3
	if err != nil || len(warnings) != 0 || got != want {
		t.Errorf("%v %v %+v", err, warnings, got)
	}
	if _, warnings, _ := deployjson.ParsePolicy("policy.json", []byte(`{"Port": 80, "Jugde": "comparison"}`), otherwise); len(warnings) != 1 || !strings.Contains(fmt.Sprint(warnings), "Jugde") {
		t.Error(warnings)
	}
	if _, _, err := deployjson.ParsePolicy("policy.json", []byte(`{"LatencyTolerance": 0}`), otherwise); !errors.Is(err, delivery.Invalid) {
		t.Error(err)
	}
}
