// Package demo releases, fixes, breaks and rescues Yelb while users are at work, and shows that none of them notices.
//
//	serin demo ──starts──▶ serin up ◀──git push, API── acts
//	           ──load────▶ gateway ──▶ yelb-ui ──▶ yelb-appserver ──▶ yelb-db, yelb-redisserver
//
// It drives the real binary, git and Docker as a user would, in a data folder of its own. Each act says what it
// expects and fails when something else happens; the demo fails when any act did, or any user request.
package demo
