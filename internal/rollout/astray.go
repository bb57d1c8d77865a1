package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// astray is a sentence on a task of a new version that listens on another port than its own: it would not become
// ready however long one waits. "" when there is none.
//
// An app that starts slowly may listen on ports for management or debugging long before it listens on its own. So
// what the stable version listens on beside its own port says nothing, and what is new must have been so,
// unchanged, for ListenGrace. A first deployment has nothing to compare with and is waited for until the deadline.
func astray(d, stable Deployment, seen Seen, t Timing, now time.Time) string {
	beside, known := besideOwn(stable, seen)
	if !known {
		return ""
	}
	for _, task := range seen.Engine.Of(d.ID) {
		proxy := seen.Mesh.Tasks[task.ID]
		strange := without(proxy.ListensOn, beside)
		lasted := now.Sub(later(proxy.ListensOnSince, task.Since))
		if task.State == workload.Running && len(strange) > 0 && !slices.Contains(proxy.ListensOn, d.Workload.Port) && lasted >= t.ListenGrace {
			return fmt.Sprintf("task %s listens on %s and not on %d, for %d s: change the app's port, or Port in deploy.json",
				task.ID, portList(strange), d.Workload.Port, int(lasted.Seconds()))
		}
	}
	return ""
}

// besideOwn are the ports that a deployment's tasks listen on beside its own. known is false while none of them is
// seen to listen at all.
func besideOwn(d Deployment, seen Seen) (ports []int, known bool) {
	for _, task := range seen.Engine.Of(d.ID) {
		ports = append(ports, seen.Mesh.Tasks[task.ID].ListensOn...)
	}
	return without(ports, []int{d.Workload.Port}), len(ports) > 0
}

// elsewhere goes on after a check's failure with what the app listens on instead, "" when there is nothing to say.
func elsewhere(proxy topology.TaskSeen, own int) string {
	if len(proxy.ListensOn) == 0 || slices.Contains(proxy.ListensOn, own) {
		return ""
	}
	return "; the task listens on " + portList(proxy.ListensOn)
}

func without(ports, some []int) []int {
	return slices.DeleteFunc(slices.Clone(ports), func(port int) bool { return slices.Contains(some, port) })
}

// portList names ports, the first few of many.
func portList(ports []int) string {
	const most = 4
	if len(ports) == 1 {
		return "port " + strconv.Itoa(ports[0])
	}
	words := make([]string, 0, most)
	for _, port := range ports[:min(most, len(ports))] {
		words = append(words, strconv.Itoa(port))
	}
	if len(ports) > most {
		words = append(words, "…")
	}
	return "ports " + strings.Join(words, ", ")
}
