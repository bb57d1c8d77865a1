package cloudformation

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// exports are what the reference's shared stacks export as "<environment>:<name>". Serin has its own for each.
var exports = []string{
	"CloudMapNamespaceId", "ContainerSecurityGroup", "PrivateSubnet1", "PrivateSubnet2", "PublicSubnet1", "PublicSubnet2",
	"TaskRole", "ExecutionRole", "TargetGroupArn", "Mesh", "VpcId", "VPC", "ECSCluster", "Cluster",
}

// importValue stands for what another stack exports.
func (e *evaluator) importValue(arg *yaml.Node) value {
	v := e.eval(arg)
	if v.kind != scalar {
		e.unless(v, "Fn::ImportValue", "it must be the name of an export")
		return fault(arg.Line)
	}
	if class, what, found := opaque(v.text); found {
		e.tellOpaque(arg.Line, "Fn::ImportValue", class, what)
		return fault(arg.Line)
	}
	name, of := strings.CutPrefix(v.text, e.in.Environment+":")
	if of && slices.Contains(exports, name) {
		return text(arg.Line, placeholder("known", v.text))
	}
	return text(arg.Line, placeholder("import", v.text))
}

// concrete gives a text whose value matters. The import of a well-known export becomes the export's name, with a
// warning; any other placeholder is an error.
func (e *evaluator) concrete(s string, line int, subject string) (string, bool) {
	for {
		class, what, found := opaque(s)
		switch {
		case !found:
			return s, true
		case class != "known":
			e.tellOpaque(line, subject, class, what)
			return "", false
		}
		e.Warnf(line, subject, "it holds the import of %s, which is a name of AWS's: here it is the text %q", cut(what), cut(what))
		s = strings.ReplaceAll(s, placeholder(class, what), what)
	}
}

// tellOpaque records that a value is needed that only AWS knows.
func (e *evaluator) tellOpaque(line int, subject, class, what string) {
	switch class {
	case "import", "known":
		e.Errorf(line, subject, "it needs the value of the import %s, which Serin does not have: write the value itself, or make it a parameter with a Default", quoted(what))
	case "ref":
		e.Errorf(line, subject, "it needs the name AWS would give to the resource %s: write the value itself", quoted(what))
	case "attribute":
		e.Errorf(line, subject, "it needs the attribute %s, which only AWS knows: write the value itself", quoted(what))
	default:
		e.Errorf(line, subject, "it needs the value of %s, which only AWS knows: write the value itself", quoted(what))
	}
}

// dynamic tells a dynamic reference, which CloudFormation would have replaced.
func (e *evaluator) dynamic(s string, line int, subject string) bool {
	if !strings.Contains(s, "{{resolve:") {
		return false
	}
	e.Add(specfile.Refused, line, subject, "dynamic references ({{resolve:…}}) are not resolved: use the container's Secrets, or write the value itself")
	return true
}
