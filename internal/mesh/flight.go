package mesh

// Flight is one response on its way to a proxy, until the proxy answers it.
type Flight struct {
	held  *Held
	kind  Kind
	items []flown
}

type flown struct {
	name    string
	version string // "": the removal
	at      *holding
}

// Send notes that resources, and the removal of others, are on their way to the proxy.
func (h *Held) Send(k Kind, changed []Resource, removed []string) *Flight {
	f := &Flight{held: h, kind: k}
	for _, r := range changed {
		f.add(r.Name, r.Version)
	}
	for _, name := range removed {
		f.add(name, "")
	}
	return f
}

func (f *Flight) add(name, version string) {
	at := f.held.resources[f.kind][name]
	if at == nil {
		at = &holding{}
		f.held.resources[f.kind][name] = at
	}
	at.flying++
	at.sent = version
	f.items = append(f.items, flown{name, version, at})
}

// Accepted notes that the proxy took all of it.
func (f *Flight) Accepted() {
	for _, i := range f.items {
		i.at.flying--
		i.at.acked, i.at.refused = i.version, false
		if i.version == "" && i.at.flying == 0 && f.held.resources[f.kind][i.name] == i.at {
			f.held.Forgets(f.kind, i.name)
		}
	}
}

// Refused notes that the proxy refused it: Envoy may have taken parts, and does not say which.
func (f *Flight) Refused() {
	for _, i := range f.items {
		i.at.flying--
		i.at.refused = true
	}
}
