package buildspec

// Spec is a build: which commands run in which order, with which variables, and what is kept of it.
type Spec struct {
	// Shell runs the commands: "sh" when empty, or "bash".
	Shell string
	// Variables are literal values by name, ascending. Nothing in them is expanded.
	Variables []Variable
	// ParameterStore has the name of a parameter for each variable.
	ParameterStore []Variable
	// SecretsManager has "<secret>:<json key>:<version stage>:<version>" for each variable; the last parts may be missing.
	SecretsManager []Variable
	// Exported are the variables whose values at the end belong to the build's outcome.
	Exported []string
	// Phases are those that the file has, in the order in which they run.
	Phases    []Phase
	Artifacts Artifacts
}

// Variable is one name with its value or reference.
type Variable struct {
	Name  string
	Value string
}

// PhaseName names one of the four phases.
type PhaseName string

const (
	Install   PhaseName = "install"
	PreBuild  PhaseName = "pre_build"
	Build     PhaseName = "build"
	PostBuild PhaseName = "post_build"
)

// PhaseNames are all phases in the order in which they run.
func PhaseNames() []PhaseName { return []PhaseName{Install, PreBuild, Build, PostBuild} }

// Phase is a list of commands. The first that fails ends it; then Finally runs all the same.
type Phase struct {
	Name      PhaseName
	Line      int
	Commands  []Command
	Finally   []Command
	OnFailure OnFailure
}

// Command is one script for the shell: a line, or several.
type Command struct {
	Text string
	Line int
}

// OnFailure says what a failed phase means for those after it.
type OnFailure string

const (
	// AsUsual: a failed install or pre_build ends the build; after a failed build post_build still runs.
	AsUsual  OnFailure = ""
	Abort    OnFailure = "ABORT"
	Continue OnFailure = "CONTINUE"
)

// Artifacts are the files kept of a build.
type Artifacts struct {
	Files         []string // patterns as CodeBuild reads them: "a/b", "*.json", "dir/**/*"; relative to BaseDirectory
	Exclude       []string // patterns of files that are not kept
	Name          string   // evaluated by the shell
	BaseDirectory string
	DiscardPaths  bool // keep the files by their base names
}

// Phase finds a phase by its name.
func (s Spec) Phase(name PhaseName) (Phase, bool) {
	for _, p := range s.Phases {
		if p.Name == name {
			return p, true
		}
	}
	return Phase{}, false
}
