// Package registry keeps images: distribution v3, as a library, behind Serin's own access.
//
//	docker push, pull ─▶ who? may they? ─▶ gate ─▶ distribution ─▶ files
//	pipeline ─────────▶ Pin, Resolve ───────────────────────────▶   │
//	app, now and then ▶ Collect ─────────▶ gate shut ───────────▶   │
//
// A service has one repository, "<environment>/<service>".
//
// What must always be true:
//   - No request reaches distribution before access has agreed to it, for the repository it names and the one it
//     would mount a layer from. Docker speaks Basic here: the password is a token or a grant, of any user.
//   - Nothing is collected while somebody who may push is at work, and nobody pushes while it is collected: a client
//     asks which layers are there, and relies on the answer until its manifest is in. See gate.go.
//   - What was pushed within Grace stays, kept or not: a build's image is pushed before any deployment names it.
//   - Manifests and tags go through Collect alone; clients may not delete.
//
// When the disk is full, who pushes is told so in a sentence, and what the push had written is removed, so that the
// next one has at least the room this one had. A crash leaves uploads behind; Collect removes those of a day ago.
package registry
