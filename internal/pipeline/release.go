package pipeline

import "serin.dev/serin/internal/spec"

// newRelease is what a checked deploy.json says, with the image pinned: wherever the template names the image that
// was built, its digest is run, whatever the tag comes to mean later.
func newRelease(run Run, d spec.Deployable, pinned string, settings Settings) Release {
	built := d.Revision.Image
	d.Revision.Image = pinned
	for i, c := range d.Workload.Containers {
		if c.Image == built {
			d.Workload.Containers[i].Image = pinned
		}
	}
	return Release{
		Run: run.ID, Service: d.Service, Revision: d.Revision, Workload: d.Workload, Policy: d.Policy,
		Namespace: d.Namespace, Port: d.Port, Protocol: d.Protocol, Hosts: d.Hosts, Path: d.Path,
		Author: run.Author, Message: run.Message, Queue: settings.OnNewerPush == Queue,
	}
}
