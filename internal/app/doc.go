// Package app makes one program of all packages: it is the only one that knows them all.
//
//	             ┌ /git/  source ──pushes──▶ pipeline ──▶ build ──▶ registry
//	HTTP port ───┤ /v2/   registry                │
//	             ├ /api/  api ──────────▶ rollout ◀──┘──▶ engine ──▶ tasks
//	             └ /metrics                 └────────────▶ mesh ◀──── proxies (mesh.sock)
//	                         all of them ──▶ store (serin.db)
//
// [Open] reads the data folder and makes the parts; nothing runs yet. [App.Run] runs them until its context ends, in
// this order: what the store says is told to the mesh first, and only then proxies are listened to, because an empty
// answer would take their configuration away.
//
// The data folder, which is locked so that one process at a time uses it:
//
//	serin.db        the store            token, url      how the serin command on this machine finds it
//	git/            repositories         registry/       images
//	logs/           of runs and tasks    run/            sockets
//	tmp/            checkouts
package app
