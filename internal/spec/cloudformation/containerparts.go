package cloudformation

import (
	"slices"
	"strings"

	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// environment reads [{Name, Value}]; nil when there is none.
func (e *evaluator) environment(v value, subject string) map[string]string {
	return e.pairs(v, subject, "Value")
}

// secrets reads [{Name, ValueFrom}]; nil when there is none.
func (e *evaluator) secrets(v value, subject string) map[string]string {
	return e.pairs(v, subject, "ValueFrom")
}

func (e *evaluator) pairs(v value, subject, of string) map[string]string {
	var all map[string]string
	for _, item := range e.each(v, subject) {
		e.sort(item, subject, properties{acted: []string{"Name", of}})
		name, named := e.needed(item.at("Name"), item.line, join(subject, "Name"))
		s, ok := e.text(item.at(of), join(subject, cut(name)))
		if !named || !ok {
			continue
		}
		if strings.Contains(name, "=") {
			e.Errorf(item.line, subject, "no variable may be called %s: a name has no =", quoted(name))
			continue
		}
		if _, twice := all[name]; twice {
			e.Warnf(item.line, join(subject, cut(name)), "the variable is here twice: the last one counts")
		}
		if all == nil {
			all = map[string]string{}
		}
		all[name] = s
	}
	return all
}

func (e *evaluator) ulimits(v value, subject string) []workload.Ulimit {
	var all []workload.Ulimit
	for _, item := range e.each(v, subject) {
		e.sort(item, subject, properties{acted: []string{"Name", "SoftLimit", "HardLimit"}})
		name, ok := e.needed(item.at("Name"), item.line, join(subject, "Name"))
		const most = 1 << 40
		soft := e.integer(item.at("SoftLimit"), join(subject, "SoftLimit"), 0, -1, most)
		hard := e.integer(item.at("HardLimit"), join(subject, "HardLimit"), soft, -1, most)
		if ok {
			all = append(all, workload.Ulimit{Name: name, Soft: int64(soft), Hard: int64(hard)})
		}
	}
	return all
}

// containerHealth reads a HealthCheck with ECS's defaults; nil when there is none.
func (e *evaluator) containerHealth(v value, subject string) *workload.ContainerHealth {
	if !e.object(v, subject) {
		return nil
	}
	e.sort(v, subject, properties{acted: []string{"Command", "Interval", "Timeout", "Retries", "StartPeriod"}})
	h := &workload.ContainerHealth{
		Command:     e.textList(v.at("Command"), join(subject, "Command")),
		Interval:    e.seconds(v.at("Interval"), join(subject, "Interval"), 30, 1, 300),
		Timeout:     e.seconds(v.at("Timeout"), join(subject, "Timeout"), 5, 1, 120),
		Retries:     e.integer(v.at("Retries"), join(subject, "Retries"), 3, 1, 10),
		StartPeriod: e.seconds(v.at("StartPeriod"), join(subject, "StartPeriod"), 0, 0, 300),
	}
	switch {
	case len(h.Command) == 1 && h.Command[0] == "NONE":
		return nil
	case len(h.Command) == 2 && h.Command[0] == "CMD-SHELL", len(h.Command) > 1 && h.Command[0] == "CMD":
		return h
	case len(h.Command) == len(v.at("Command").items) && v.at("Command").kind != broken:
		e.Errorf(v.line, join(subject, "Command"), `it must be ["CMD-SHELL", "a line for the shell"] or ["CMD", "a program", …]`)
	}
	return nil
}

// ports reads the TCP ports of PortMappings.
func (e *evaluator) ports(v value, subject string) []int {
	var all []int
	for _, item := range e.each(v, subject) {
		e.sort(item, subject, properties{
			acted:   []string{"ContainerPort", "Protocol"},
			ignored: []string{"AppProtocol", "HostPort", "Name"},
			refused: map[string]string{"ContainerPortRange": "a service has one port: write ContainerPort"},
		})
		port := e.integer(item.at("ContainerPort"), join(subject, "ContainerPort"), 0, 1, 65535)
		if p, ok := e.text(item.at("Protocol"), join(subject, "Protocol")); ok && !strings.EqualFold(p, "tcp") {
			e.Warnf(item.line, subject, "it is ignored: port %d is %s, and the mesh carries TCP only", port, cut(p))
			continue
		}
		if port != 0 {
			all = append(all, port)
		}
	}
	return all
}

func (e *evaluator) dependsOnContainers(v value, subject string) []workload.Dependency {
	conditions := []workload.Condition{workload.Start, workload.Complete, workload.Success, workload.Healthy}
	var all []workload.Dependency
	for _, item := range e.each(v, subject) {
		e.sort(item, subject, properties{acted: []string{"ContainerName", "Condition"}})
		name, named := e.needed(item.at("ContainerName"), item.line, join(subject, "ContainerName"))
		s, ok := e.needed(item.at("Condition"), item.line, join(subject, "Condition"))
		condition := workload.Condition(s)
		if ok && !slices.Contains(conditions, condition) {
			e.Errorf(item.line, join(subject, "Condition"), "it is %s: it must be START, COMPLETE, SUCCESS or HEALTHY", quoted(s))
			continue
		}
		if named && ok {
			all = append(all, workload.Dependency{Container: name, Condition: condition})
		}
	}
	return all
}

// dependencies drops those on replaced containers, which are always met, and checks the others.
func (e *evaluator) dependencies(t *task, replaced []string) {
	for i := range t.containers {
		c := &t.containers[i]
		subject := join(t.id, "ContainerDefinitions["+cut(c.Name)+"].DependsOn")
		var kept []workload.Dependency
		for _, d := range c.DependsOn {
			on := t.container(d.Container)
			switch {
			case slices.Contains(replaced, d.Container):
				e.Add(specfile.Replaced, c.line, subject, "%s is replaced, so nothing waits for it", d.Container)
			case on == nil:
				e.Errorf(c.line, subject, "the task has no container %s", quoted(d.Container))
			case d.Condition == workload.Healthy && on.Health == nil && !e.Failed():
				e.Errorf(c.line, subject, "%s has no HealthCheck, so it never becomes HEALTHY: add one, or wait for START", d.Container)
			case (d.Condition == workload.Complete || d.Condition == workload.Success) && on.Essential:
				e.Errorf(c.line, subject, "%s is essential, so the task would end with it: add Essential: false to it, or wait for START", d.Container)
			default:
				kept = append(kept, d)
			}
		}
		c.DependsOn = kept
	}
	e.circle(t)
}

// container finds one by its name.
func (t *task) container(name string) *container {
	for i := range t.containers {
		if t.containers[i].Name == name {
			return &t.containers[i]
		}
	}
	return nil
}

// circle tells containers that wait for each other: no order would ever start them.
func (e *evaluator) circle(t *task) {
	started := map[string]bool{}
	for range t.containers {
		for _, c := range t.containers {
			waits := slices.ContainsFunc(c.DependsOn, func(d workload.Dependency) bool { return !started[d.Container] })
			started[c.Name] = started[c.Name] || !waits
		}
	}
	for _, c := range t.containers {
		if !started[c.Name] {
			e.Errorf(c.line, join(t.id, "ContainerDefinitions["+cut(c.Name)+"].DependsOn"), "it waits, by way of others, for itself: remove one DependsOn")
		}
	}
}
