package delivery

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// name is what an environment or a service may be called: a DNS label of at most 40 characters, so that
// "<service>-<number>" and a container's name still fit a DNS label of 63.
var name = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)

// CheckName fails with Invalid when s may not name a kind (such as "service" or "environment").
func CheckName(kind, s string) error {
	if !name.MatchString(s) {
		return Errorf(Invalid, "%s name %q: it must be 1 to 40 of a-z, 0-9 and -, start with a letter and not end with -", kind, s)
	}
	return nil
}

// ServiceID names a service within its environment. Its text form is "<environment>/<service>".
type ServiceID struct {
	Environment string `json:"environment"`
	Name        string `json:"name"`
}

func (s ServiceID) String() string { return s.Environment + "/" + s.Name }

// MarshalText makes the text form, so that a ServiceID can key a JSON object.
func (s ServiceID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *ServiceID) UnmarshalText(text []byte) error {
	id, err := ParseServiceID(string(text))
	*s = id
	return err
}

// ParseServiceID reads "<environment>/<service>".
func ParseServiceID(s string) (ServiceID, error) {
	env, svc, ok := strings.Cut(s, "/")
	if !ok {
		return ServiceID{}, Errorf(Invalid, "%q does not name a service: write <environment>/<service>", s)
	}
	if err := CheckName("environment", env); err != nil {
		return ServiceID{}, err
	}
	if err := CheckName("service", svc); err != nil {
		return ServiceID{}, err
	}
	return ServiceID{env, svc}, nil
}

// DeploymentID is one attempt to run a revision of a service. Its number is never given twice, so a retry, a
// redeploy or a push back to an old commit never meets the remains of an earlier attempt.
// Its text form is "<environment>/<service>/<number>".
type DeploymentID struct {
	Service ServiceID `json:"service"`
	Number  int       `json:"number"` // from 1
}

func (d DeploymentID) String() string { return fmt.Sprintf("%s/%d", d.Service, d.Number) }

// MarshalText makes the text form.
func (d DeploymentID) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form.
func (d *DeploymentID) UnmarshalText(text []byte) error {
	id, err := ParseDeploymentID(string(text))
	*d = id
	return err
}

// ParseDeploymentID reads "<environment>/<service>/<number>".
func ParseDeploymentID(s string) (DeploymentID, error) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return DeploymentID{}, Errorf(Invalid, "%q does not name a deployment: write <environment>/<service>/<number>", s)
	}
	svc, err := ParseServiceID(s[:i])
	if err != nil {
		return DeploymentID{}, err
	}
	n, err := strconv.Atoi(s[i+1:])
	if err != nil || n < 1 {
		return DeploymentID{}, Errorf(Invalid, "%q does not name a deployment: %q must be a number from 1", s, s[i+1:])
	}
	return DeploymentID{svc, n}, nil
}

// TaskID is one replica of a deployment: the place, not what stands in it. A task that died and was made again
// has the same TaskID and a new epoch. A gateway's task has the zero Number and the service name "gateway"
// (which no service may have). Its text form is "<environment>/<service>/<number>/<replica>".
type TaskID struct {
	Deployment DeploymentID `json:"deployment"`
	Replica    int          `json:"replica"` // from 0
}

// GatewayName is the service name of an environment's gateway task; no service may be called so.
const GatewayName = "gateway"

// GatewayTask is the id of an environment's gateway.
func GatewayTask(environment string) TaskID {
	return TaskID{DeploymentID{ServiceID{environment, GatewayName}, 0}, 0}
}

// Gateway tells whether the task is an environment's gateway.
func (t TaskID) Gateway() bool { return t.Deployment.Number == 0 }

func (t TaskID) String() string { return fmt.Sprintf("%s/%d", t.Deployment, t.Replica) }

// MarshalText makes the text form.
func (t TaskID) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the text form.
func (t *TaskID) UnmarshalText(text []byte) error {
	id, err := ParseTaskID(string(text))
	*t = id
	return err
}

// ParseTaskID reads "<environment>/<service>/<number>/<replica>".
func ParseTaskID(s string) (TaskID, error) {
	f := strings.Split(s, "/")
	if len(f) != 4 {
		return TaskID{}, Errorf(Invalid, "%q does not name a task: write <environment>/<service>/<number>/<replica>", s)
	}
	svc, err := ParseServiceID(f[0] + "/" + f[1])
	if err != nil {
		return TaskID{}, err
	}
	n, nerr := strconv.Atoi(f[2])
	r, rerr := strconv.Atoi(f[3])
	if nerr != nil || rerr != nil || n < 0 || r < 0 {
		return TaskID{}, Errorf(Invalid, "%q does not name a task: its deployment and replica must be numbers", s)
	}
	return TaskID{DeploymentID{svc, n}, r}, nil
}

// Generation orders declarations: whoever is told two states keeps the one of the higher generation.
type Generation int64

// RunID numbers a pipeline's runs within Serin, from 1. RolloutID likewise for rollouts.
type (
	RunID     int64
	RolloutID int64
)
