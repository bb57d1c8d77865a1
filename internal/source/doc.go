// Package source keeps one git repository a service, serves it over smart HTTP, and tells of each push to the branch
// that is released.
//
//	git push ─▶ git http-backend ─▶ receive-pack ──hook──▶ journal ──Run──▶ Pushes.Deliver
//	console ──CommitFile─────────▶ update-ref ─────hook──▶    │
//	   ▲                                           │          └─ one file a push, removed once it was delivered
//	   └─────"… is run 12"────post-receive──ask────┴─▶ receipts
//
// What must always be true:
//   - A push whose success the client was told is in the journal, and each push in the journal is delivered until
//     the consumer has stored it, in order. A push that did not happen is never delivered. See journal.go for why.
//   - No request reaches git before access has agreed: reading needs the role read, pushing needs deploy.
//   - Nothing of a request is an option or a shell word: names are checked, paths are rewritten from the checked
//     names, and git runs with an environment and a home of its own.
//
// When things fail: a consumer that cannot store a push is asked again; a process that was killed between the hook and
// the delivery delivers after its next start; a client that goes away ends git's processes by closing their pipes.
//
// Repositories lie in <dir>/<environment>/<service>.git. git's housekeeping is off (gc.auto 0), since packing refs
// and pruning objects beside pushes and checkouts is what could lose something; a repository of one service grows
// slowly enough.
package source
