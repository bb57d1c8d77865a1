package specfile

import "fmt"

// Kind says what becomes of the thing a finding is about.
type Kind string

const (
	Runs     Kind = "runs"     // Serin does it
	Replaced Kind = "replaced" // Serin has its own for it
	Ignored  Kind = "ignored"  // it has no meaning outside AWS
	Refused  Kind = "refused"  // it is understood, and Serin does not do it
	Warning  Kind = "warning"  // it works, and may hurt
	Error    Kind = "error"    // it is wrong
)

// Fatal tells whether a file with such a finding can't be used.
func (k Kind) Fatal() bool { return k == Refused || k == Error }

// Finding is one thing to know about a spec file.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`    // from 1; 0 when it is about the file as a whole
	Subject string `json:"subject,omitempty"` // the key, resource or container, such as "TaskDef.Volumes"
	Kind    Kind   `json:"kind"`
	Message string `json:"message"` // what, and where it is wrong what to do
}

// Where gives "<file>:<line>", or the file alone.
func (f Finding) Where() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

func (f Finding) String() string {
	if f.Subject == "" {
		return fmt.Sprintf("%s: %s", f.Where(), f.Message)
	}
	return fmt.Sprintf("%s: %s: %s", f.Where(), f.Subject, f.Message)
}
