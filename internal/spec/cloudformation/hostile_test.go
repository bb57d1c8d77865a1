package cloudformation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
)

// TestHostileTemplates evaluates templates near the size limit that want as much work as they can. None may take
// long: a limit that is generous here still is far below what any of them took without bounds.
func TestHostileTemplates(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	head := "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n"
	app := head + "        - {Name: app, Image: i"
	for name, text := range map[string]string{
		"unknown names":      app + ", Command: [" + many(20_000, "!Ref N%d,") + "]}\n",
		"unknown attributes": app + ", Command: [" + many(20_000, "!GetAtt Tas%d.Arn,") + "]}\n",
		"unknown properties": app + many(20_000, ", P%d: x") + "}\n",
		"containers":         head + many(10_000, "        - {Name: c%d, Image: i}\n"),
		"backends":           app + "}\n  N: {Type: 'AWS::AppMesh::VirtualNode', Properties: {Spec: {Backends: [" + many(10_000, "{VirtualService: {VirtualServiceName: s%d}},") + "]}}}\n",
		"mapping":            "Mappings: {M: {k: {" + many(20_000, "k%d: v,") + "}}}\n" + app + ", Command: [" + many(20_000, "!FindInMap [M,k,k%d],") + "]}\n",
		"conditions":         "Conditions: {C0: !Equals [a, b], " + many(8_000, "D%d: !And [{Condition: C0}, {Condition: C0}],") + "}\n" + app + "}\n",
		"allowed values":     "Parameters: {P: {Type: CommaDelimitedList, Default: '" + strings.Repeat(",", 4000) + "', AllowedValues: [" + many(40_000, "%d,") + "'']}}\n" + app + "}\n",
		"pattern":            "Parameters: {P: {Type: CommaDelimitedList, Default: '" + strings.Repeat(",", 4000) + "', AllowedPattern: '" + strings.Repeat("(a?)", 250) + "'}}\n" + app + "}\n",
		"resources":          app + "}\n" + many(10_000, "  R%d: {Type: X}\n"),
		"dependencies":       app + ", DependsOn: [" + many(10_000, "{ContainerName: c%d, Condition: START},") + "]}\n",
		"empty names":        "Parameters: {P: {Type: String, Default: ''}}\n" + app + ", Command: [!Sub '" + strings.Repeat("${P}", 200_000) + "']}\n",
	} {
		start := time.Now()
		_, _, err := cloudformation.Evaluate("t.yaml", []byte(text), given)
		if err != nil && !errors.Is(err, delivery.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		took := time.Since(start)
		t.Logf("%s: %d bytes, %s", name, len(text), took)
		if took > 60*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}
