package cloudformation

import (
	"regexp"
	"slices"
	"time"

	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// container is one that runs, with the ports it is said to listen on.
type container struct {
	workload.Container
	line  int
	ports []int
}

var containerProperties = properties{
	acted: []string{
		"Command", "Cpu", "DependsOn", "EntryPoint", "Environment", "Essential", "HealthCheck", "Image", "LinuxParameters", "Memory",
		"MountPoints", "Name", "PortMappings", "Privileged", "Secrets", "StopTimeout", "Ulimits", "User", "WorkingDirectory",
	},
	ignored: []string{
		"DockerLabels", "Interactive", "MemoryReservation", "PseudoTerminal", "RestartPolicy", "StartTimeout", "VersionConsistency",
	},
	replaced: map[string]string{
		"LogConfiguration": "Serin keeps the output of every container: serin logs shows it",
	},
	warned: map[string]string{
		"DisableNetworking":      "all containers of a task share its network",
		"DnsSearchDomains":       "services are found by their names, bare and with the namespace",
		"DnsServers":             "the task has the machine's name servers",
		"Hostname":               "all containers of a task share its name",
		"ReadonlyRootFilesystem": "the container may write to its own files",
		"RepositoryCredentials":  "Serin pulls with the machine's credentials",
	},
	refused: map[string]string{
		"CredentialSpecs":       "Serin has no credential specs: remove it",
		"DockerSecurityOptions": "Serin gives no security options: remove it",
		"EnvironmentFiles":      "Serin does not read files from S3: write the variables into Environment",
		"ExtraHosts":            "Serin writes the task's names itself: call services by their names, others by their addresses",
		"Links":                 "all containers of a task share its network: call them at localhost and remove it",
		"ResourceRequirements":  "Serin gives no devices to a container: remove it",
		"SystemControls":        "Serin sets no kernel parameters: remove it",
		"VolumesFrom":           "Serin has no volumes for a template: put the files into the image",
	},
}

// containers reads all, those that are replaced only as far as it takes to see that they are.
func (e *evaluator) containers(t *task, v value, volumes []string) {
	subject := join(t.id, "ContainerDefinitions")
	if v.kind == absent {
		e.Errorf(t.line, subject, "it is missing: add the app's container")
	}
	const most = 50
	if len(v.items) > most {
		e.Errorf(v.line, subject, "it has %d containers: at most %d", len(v.items), most)
		return
	}
	var names, replaced []string
	for _, c := range e.each(v, subject) {
		if !e.object(c, subject) {
			continue
		}
		name := e.containerName(c, names, subject)
		names = append(names, name)
		within := subject + "[" + cut(name) + "]"
		image := c.at("Image").text
		if why := replacedBy(name, image, *t, c.at("FirelensConfiguration").kind != absent); why != "" {
			e.Add(specfile.Replaced, c.line, within, "%s", why)
			replaced = append(replaced, name)
			continue
		}
		t.containers = append(t.containers, e.container(name, c, volumes, within))
	}
	e.dependencies(t, replaced)
	if v.kind == list && len(t.containers) == 0 && len(names) == len(v.items) {
		e.Errorf(v.line, subject, "no container is left to run: add the app's container")
	}
}

var containerNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

func (e *evaluator) containerName(c value, before []string, subject string) string {
	name, ok := e.needed(c.at("Name"), c.line, join(subject, "Name"))
	switch {
	case !ok:
	case !containerNames.MatchString(name):
		e.Errorf(c.at("Name").line, join(subject, "Name"), "it is %s: it must be 1 to 63 letters, digits, - and _, and begin with a letter or a digit", quoted(name))
	case slices.Contains(before, name):
		e.Errorf(c.at("Name").line, join(subject, "Name"), "two containers are called %s: rename one", quoted(name))
	}
	return name
}

func (e *evaluator) container(name string, v value, volumes []string, subject string) container {
	e.sort(v, subject, containerProperties)
	at := func(key string) (value, string) { return v.at(key), join(subject, key) }
	c := container{line: v.line}
	c.Name = name
	c.Image, _ = e.needed(v.at("Image"), v.line, join(subject, "Image"))
	c.Entrypoint = e.textList(at("EntryPoint"))
	c.Command = e.textList(at("Command"))
	c.Environment = e.environment(at("Environment"))
	c.Secrets = e.secrets(at("Secrets"))
	c.WorkingDir, _ = e.text(at("WorkingDirectory"))
	c.User, _ = e.text(at("User"))
	c.CPU = e.cpu(at("Cpu"))
	c.Memory = e.memory(at("Memory"))
	c.Ulimits = e.ulimits(at("Ulimits"))
	c.Health = e.containerHealth(at("HealthCheck"))
	c.Essential = e.truth(v.at("Essential"), join(subject, "Essential"), true)
	c.StopTimeout = e.seconds(v.at("StopTimeout"), join(subject, "StopTimeout"), 0, 0, 3600)
	c.DependsOn = e.dependsOnContainers(at("DependsOn"))
	c.ports = e.ports(at("PortMappings"))
	e.isolation(v, volumes, subject)
	return c
}

// isolation refuses what would open the machine to a container.
func (e *evaluator) isolation(v value, volumes []string, subject string) {
	if e.truth(v.at("Privileged"), join(subject, "Privileged"), false) {
		e.Add(specfile.Refused, v.at("Privileged").line, join(subject, "Privileged"), "a privileged container would own the machine: remove it")
	}
	linux := v.at("LinuxParameters")
	e.sort(linux, join(subject, "LinuxParameters"), properties{
		acted:   []string{"Capabilities", "Devices"},
		ignored: []string{"InitProcessEnabled", "MaxSwap", "SharedMemorySize", "Swappiness", "Tmpfs"},
	})
	for key, what := range map[string]value{"Capabilities.Add": linux.at("Capabilities").at("Add"), "Devices": linux.at("Devices")} {
		if len(what.items) > 0 {
			e.Add(specfile.Refused, what.line, join(subject, "LinuxParameters."+key), "it would open the machine to the container: remove it")
		}
	}
	e.mounts(v.at("MountPoints"), volumes, join(subject, "MountPoints"))
}

func (e *evaluator) mounts(v value, volumes []string, subject string) {
	for _, m := range e.each(v, subject) {
		name, ok := e.needed(m.at("SourceVolume"), m.line, join(subject, "SourceVolume"))
		switch {
		case ok && !slices.Contains(volumes, name):
			e.Errorf(m.line, subject, "the task has no volume %s", quoted(name))
		case ok:
			e.Add(specfile.Refused, m.line, subject, "Serin has no volumes for a template: write into the container's own files, or keep the data outside of the service")
		}
	}
}

func (e *evaluator) seconds(v value, subject string, otherwise, least, most int) time.Duration {
	return time.Duration(e.integer(v, subject, otherwise, least, most)) * time.Second
}
