package lab

// World is what a service is like during one second.
type World struct {
	Traffic float64 // first attempts, as a multiple of the cell's rate
	Stable  Version
	Canary  Version
}

// Version is how one version does.
type Version struct {
	Errors  float64  // share of its first attempts that fail, from 0 to 1
	Answers *Answers // how long its answers take; nil: nobody measures
	Deaf    bool     // none of the requests that its weight would give it arrive: stable gets them
}

// Moment is when a World is asked for.
type Moment struct {
	Since float64 // seconds since the share under test was reached; negative before, in the hour of history too
	Hour  float64 // of the day, from 0 to 24
}

// alike is a world in which both versions do the same.
func alike(v Version) World { return World{Traffic: 1, Stable: v, Canary: v} }

// always is a world that does not change.
func always(w World) func(Moment) World { return func(Moment) World { return w } }

// broken is a world in which the canary does as stable does until some seconds since the shift, and then otherwise.
func broken(stable, canary Version, onset float64) func(Moment) World {
	return changed(alike(stable), World{Traffic: 1, Stable: stable, Canary: canary}, onset)
}

// changed is one world until some seconds since the shift, and then another.
func changed(before, after World, onset float64) func(Moment) World {
	return func(m Moment) World {
		if m.Since < onset {
			return before
		}
		return after
	}
}
