package cloudformation_test

import (
	"errors"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
)

var given = cloudformation.Input{
	Environment: "shop", Service: "cart", Namespace: "shop.local", Sha: "0a1b2c3d", Image: "r/shop/cart:1",
	Port: 8080, Protocol: delivery.HTTP,
}

const parameters = `Parameters:
  EnvironmentName: {Type: String}
  MicroserviceName: {Type: String}
  Namespace: {Type: String}
  Sha: {Type: String}
  ContainerImage: {Type: String}
  Port: {Type: Number}
  Protocol: {Type: String}
`

const rest = `
Mappings:
  Sizes:
    small: {cpu: '1', names: [a, b]}
    large: {cpu: '2', names: [c, d]}
Conditions:
  Yes: !Equals [!Ref Port, '8080']
  No: !Not [!Condition Yes]
  Both: !And [Condition: Yes, !Not [{Condition: No}]]
  Any: {"Fn::Or": [!Condition No, !Condition Yes]}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: app
          Image: !Ref ContainerImage
          Environment:
            - Name: X
              Value: `

// valued is a template whose container has the variable X with the given value.
func valued(v string) string { return parameters + rest + v + "\n" }

func TestIntrinsics(t *testing.T) {
	for v, want := range map[string]string{
		`plain`:                                "plain",
		`1.10`:                                 "1.10",
		`""`:                                   "",
		`!Ref Port`:                            "8080",
		`{Ref: Namespace}`:                     "shop.local",
		`!Ref AWS::Region`:                     "us-east-1",
		`!Ref AWS::AccountId`:                  "000000000000",
		`!Ref AWS::Partition`:                  "aws",
		`!Ref AWS::URLSuffix`:                  "amazonaws.com",
		`!Ref AWS::StackName`:                  "shop-cart-0a1b2c3d",
		`!Sub "${MicroserviceName}-${Sha}"`:    "cart-0a1b2c3d",
		`!Sub "$ ${!Literal} ${AWS::Region}$"`: "$ ${Literal} us-east-1$",
		`!Sub ["${a}/${ b }", {a: !Ref Port, b: {"Fn::Sub": "${Sha}"}}]`:  "8080/0a1b2c3d",
		`{"Fn::Sub": ["${Port}${Port}", {Port: x}]}`:                      "xx",
		`!Join ['', [a, !Ref Port, b]]`:                                   "a8080b",
		`{"Fn::Join": [",", !Split ["-", a-b-c]]}`:                        "a,b,c",
		`!Select [1, [a, b]]`:                                             "b",
		`!Select ['0', !Split [".", !Ref Namespace]]`:                     "shop",
		`!Select [2, !GetAZs '']`:                                         "us-east-1c",
		`!Select [0, !GetAZs eu-west-1]`:                                  "eu-west-1a",
		`!FindInMap [Sizes, small, cpu]`:                                  "1",
		`!Select [1, !FindInMap [Sizes, !If [Yes, large, small], names]]`: "d",
		`!If [Yes, a, b]`:                                                 "a",
		`{"Fn::If": [No, a, !If [Both, !If [Any, c, d], e]]}`:             "c",
		`!Base64 abc`:                                         "YWJj",
		`{"Fn::Base64": !Sub "${Port}"}`:                      "ODA4MA==",
		`!Join ["-", [a, !Ref AWS::NoValue, b]]`:              "a-b",
		`{"Fn::ImportValue": !Sub "${EnvironmentName}:Mesh"}`: "shop:Mesh",
	} {
		w, _, err := cloudformation.Evaluate("t.yaml", []byte(valued(v)), given)
		if err != nil {
			t.Errorf("%s: %v", v, err)
			continue
		}
		if got := w.Containers[0].Environment["X"]; got != want {
			t.Errorf("%s is %q, want %q", v, got, want)
		}
	}
}

func TestNoValueLeavesOut(t *testing.T) {
	w, _, err := cloudformation.Evaluate("t.yaml", []byte(valued("!Ref AWS::NoValue")), given)
	if _, there := w.Containers[0].Environment["X"]; err != nil || there {
		t.Error(w, err)
	}
}

func TestWrongIntrinsics(t *testing.T) {
	for v, want := range map[string]string{
		`!Ref Pord`:                     `t.yaml:28: Ref: "Pord" is neither a parameter nor a resource of this template (did you mean Port?)`,
		`!Ref Task`:                     `it needs the name AWS would give to the resource "Task"`,
		`!Ref [a]`:                      "it must name one parameter or resource",
		`!Cidr [a, 1, 2]`:               "Serin does not know this intrinsic: write out its value",
		`{"Fn::Transform": {Name: X}}`:  "Serin does not know this intrinsic",
		`{"Fn::Jion": [a, [b]]}`:        "did you mean Fn::Join?",
		`{"Fn::Sub": a, b: c}`:          "an intrinsic must stand alone in its map",
		`!Equals [a, b]`:                "it may only stand in Conditions",
		`!Sub "${Nobody}"`:              `Fn::Sub: "Nobody" is neither a parameter`,
		`!Sub "${open"`:                 "a ${ is not closed",
		`!Sub ["a", b]`:                 "its second argument must be a map",
		`!Sub ["${a}", {a: [b]}]`:       "${a} is not a text",
		`!Sub "${Task.Arn}"`:            `it needs the attribute "Task.Arn"`,
		`!GetAtt Task`:                  "it must be Resource.Attribute",
		`!GetAtt Tisk.Arn`:              "did you mean Task?",
		`!GetAtt [Task, Arn]`:           `it needs the attribute "Task.Arn"`,
		`!ImportValue other:Thing`:      `X: it needs the value of the import "other:Thing", which Serin does not have`,
		`!Join [a, b]`:                  "it must be a list of texts",
		`!Join [[a], [b]]`:              "its delimiter must be a text",
		`!Join [a]`:                     "a delimiter and a list",
		`!Select [2, [a, b]]`:           `its index is "2": the list has 2 entries`,
		`!Select [x, [a, b]]`:           `its index is "x"`,
		`!Select [0, a]`:                "its second argument must be a list",
		`!Split ["", a]`:                "not empty",
		`!FindInMap [Sizes, huge, cpu]`: `Mappings has no "Sizes" . "huge" . "cpu"`,
		`!If [Maybe, a, b]`:             `"Maybe" is no condition of this template`,
		`!If [[Yes], a, b]`:             "its first argument must name a condition",
		`!If [Yes, a]`:                  "a condition's name and two values",
		`"{{resolve:ssm:/shop/key}}"`:   "dynamic references",
		`[a]`:                           "it must be a text",
		`~`:                             "a value is missing here",
		`"a\0b"`:                        "NUL",
		`!Sub ["` + strings.Repeat("${a}", 80_000) + `", {a: ` + strings.Repeat("a", 200) + `}]`: "make more than 8388608 bytes",
	} {
		_, _, err := cloudformation.Evaluate("t.yaml", []byte(valued(v)), given)
		if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %q is not in: %v", v, want, err)
		}
	}
}

// TestSubBomb nests Sub so that each level makes ten times as much.
func TestSubBomb(t *testing.T) {
	v := "a"
	for range 12 {
		v = `!Sub ["` + strings.Repeat("${a}", 10) + `", {a: ` + v + `}]`
	}
	_, _, err := cloudformation.Evaluate("t.yaml", []byte(valued(v)), given)
	if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), "make it smaller") {
		t.Error(err)
	}
}
