package mesh

// Push is what a proxy is to be offered now.
type Push struct {
	// Offer are resources in the version it should have.
	Offer [kinds]map[string]Resource
	// Keep are resources it must go on having in whatever version it has. What it has and is in neither is
	// to be removed.
	Keep [kinds]map[string]bool
}

// Next is the next step from what a proxy has to what it is to have, such that no request meets a route whose
// cluster or endpoints are not there:
//
//	clusters and endpoints that are new or changed
//	→ (acknowledged) listeners and routes that use them
//	→ (acknowledged) no endpoints for clusters nobody routes to → (acknowledged) those clusters removed
//
// It looks at one proxy alone: no proxy's requests depend on what another has, and one that is stuck must not keep
// the others from leaving a broken deployment.
func Next(want Config, have *Held) Push {
	var p Push
	for _, k := range Kinds() {
		p.Offer[k], p.Keep[k] = map[string]Resource{}, map[string]bool{}
	}
	for _, k := range []Kind{Clusters, Endpoints} {
		for name, r := range want.Resources[k] {
			p.Offer[k][name] = r
		}
	}
	for _, k := range []Kind{Listeners, Routes} {
		for name, r := range want.Resources[k] {
			if ready(r, want, have) {
				p.Offer[k][name] = r
			} else {
				p.Keep[k][name] = true
			}
		}
	}
	p.retire(want, have)
	return p
}

// ready tells whether the clusters that a resource sends traffic to are in place.
func ready(r Resource, want Config, have *Held) bool {
	for _, cluster := range r.Needs {
		c, known := want.Resources[Clusters][cluster]
		e, hasEndpoints := want.Resources[Endpoints][endpointsOf(cluster)]
		if !known || !have.has(Clusters, c) || hasEndpoints && !have.has(Endpoints, e) {
			return false
		}
	}
	return true
}

// retire removes what is no longer wanted, as far as it is safe already.
func (p Push) retire(want Config, have *Held) {
	listening := have.hasAll(Listeners, want.Resources[Listeners]) && len(have.extra(Listeners, want)) == 0
	routed := listening && have.hasAll(Routes, want.Resources[Routes])
	if !listening {
		for _, name := range have.extra(Routes, want) {
			p.Keep[Routes][name] = true
		}
	}
	for _, name := range have.extra(Endpoints, want) {
		if routed {
			p.Offer[Endpoints][name] = noEndpoints(name)
		} else {
			p.Keep[Endpoints][name] = true
		}
	}
	for _, name := range have.extra(Clusters, want) {
		empty := noEndpoints(endpointsOf(name))
		_, wanted := want.Resources[Endpoints][empty.Name]
		if !routed || !wanted && have.knows(Endpoints, empty.Name) && !have.has(Endpoints, empty) {
			p.Keep[Clusters][name] = true
		}
	}
}

// Change is what a response of one kind must hold: resources whose version differs from what was sent last, and the
// names of those to be removed. wants tells which resources the proxy subscribes to. What the proxy refused is
// sent again only beside something else: alone it would be refused again.
func (p Push) Change(k Kind, have *Held, wants func(name string) bool) (changed []Resource, removed []string) {
	var again []Resource
	for name, r := range p.Offer[k] {
		switch {
		case !wants(name):
		case have.Sent(k, name) != r.Version:
			changed = append(changed, r)
		case have.Refused(k, name):
			again = append(again, r)
		}
	}
	for _, name := range have.Names(k) {
		if _, offered := p.Offer[k][name]; !offered && !p.Keep[k][name] && have.Sent(k, name) != "" {
			removed = append(removed, name)
		}
	}
	if len(changed)+len(removed) > 0 {
		changed = append(changed, again...)
	}
	return changed, removed
}
