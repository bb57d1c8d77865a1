package cloudformation_test

import (
	"errors"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
)

const task = `
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: app, Image: i}]
`

func TestWrongTemplates(t *testing.T) {
	for text, want := range map[string]string{
		``:                     "the file is empty",
		`Resources: {}`:        "the template has no resources",
		`Resources: []`:        "it must be a map of names",
		"Resuorces: {}" + task: "a template has no such section (did you mean Resources?)",
		"Transform: X" + task:  "macros are not evaluated",
		"Rules: {}" + task:     "remove it",
		`Resources: {A: {Type: AWS::RDS::DBInstance}}`:                                 `t.yaml:1: A: Serin does not know the resource type "AWS::RDS::DBInstance"`,
		`Resources: {A: {Type: Custom::Thing}}`:                                        "is a custom resource",
		`Resources: {A: {Properties: {}}}`:                                             "the resource has no Type",
		`Resources: {A: {Type: AWS::Logs::LogGroup}}`:                                  "the template has no AWS::ECS::Service",
		`Resources: {A: {Type: AWS::Logs::LogGroup, Propertie: {}}}`:                   "a resource has no attribute \"Propertie\" (did you mean Properties?)",
		`Resources: {A: {Type: AWS::Logs::LogGroup, DependsOn: B}}`:                    `"B" is no resource`,
		`Resources: {A: {Type: AWS::ECS::Service}}`:                                    "A.TaskDefinition: it is missing",
		"Conditions: {A: !Condition B, B: !Condition A}" + task:                        "it depends on itself",
		"Conditions: {A: !Ref AWS::Region}" + task:                                     "it is no condition",
		"Conditions: {A: text}" + task:                                                 "it must be Fn::Equals",
		"Conditions: {A: !And [!Equals [a, b]]}" + task:                                "2 to 10 conditions",
		"Conditions: {A: !Equals [!ImportValue x, b]}" + task:                          `the import "x"`,
		"Outputs: {A: {Value: !Ref B}}" + task:                                         `"B" is neither a parameter`,
		"Mappings: {A: b}" + task:                                                      "it must be a map of maps",
		"Parameters: {A: {Type: String}}" + task:                                       "nobody gives it a value: add a Default",
		"Parameters: {A: {Default: a}}" + task:                                         "it has no Type",
		"Parameters: {A: {Type: Text, Default: a}}" + task:                             `there is no parameter type "Text"`,
		"Parameters: {A: {Type: Number, Default: a}}" + task:                           "it must be a number",
		"Parameters: {A: {Type: String, Default: a, AllowedValues: [b, c]}}" + task:    `it is "a": AllowedValues are b, c`,
		"Parameters: {A: {Type: String, Default: a, AllowedPattern: '[0-9]+'}}" + task: "it must match AllowedPattern",
		"Parameters: {A: {Type: String, Default: a, MinLength: 2}}" + task:             "at least 2, by MinLength",
		"Parameters: {Port: {Type: Number, MaxValue: 1024}}" + task:                    "at most 1024, by MaxValue",
		"Parameters: {A: {Type: 'List<Number>', Default: '1,x'}}" + task:               "it must be a number",
		"Parameters: {A: {Type: String, Defualt: a}}" + task:                           "did you mean Default?",
		"Parameters: {A: []}" + task:                                                   "it must be a map with a Type",
	} {
		_, _, err := cloudformation.Evaluate("t.yaml", []byte(text), given)
		if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q is not in: %v", text, want, err)
		}
	}
}

func TestParameterTypes(t *testing.T) {
	head := `Parameters:
  List: {Type: CommaDelimitedList, Default: "a, b"}
  Subnet: {Type: 'AWS::EC2::Subnet::Id', Default: subnet-1}
  Choice: {Type: String, Default: b, AllowedValues: [a, b], AllowedPattern: '[a-z]', MinLength: 1, MaxLength: 1}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /name}
`
	text := head + strings.Replace(task, "Image: i", "Image: !Join ['/', [!Select [1, !Ref List], !Ref Subnet, !Ref Choice]]", 1)
	w, _, err := cloudformation.Evaluate("t.yaml", []byte(text), given)
	if err != nil || w.Containers[0].Image != "b/subnet-1/b" {
		t.Error(w, err)
	}
	_, _, err = cloudformation.Evaluate("t.yaml", []byte(head+strings.Replace(task, "Image: i", "Image: !Ref Secret", 1)), given)
	if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), "the SSM parameter of Secret") {
		t.Error(err)
	}
}

func TestConditionLeavesOutResource(t *testing.T) {
	text := `
Conditions: {Never: !Equals [a, b]}
Resources:
  Other: {Type: AWS::RDS::DBInstance, Condition: Never}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: app, Image: i}]
Outputs: {O: {Condition: Never, Value: !GetAtt Nothing.There}}
`
	if _, _, err := cloudformation.Evaluate("t.yaml", []byte(text), given); err != nil {
		t.Error(err)
	}
}
