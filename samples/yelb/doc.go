// Package yelb is the sample application: the contents of four repositories, whose files are embedded.
//
//	browser ──▶ yelb-ui ──▶ yelb-appserver ──▶ yelb-db            the votes (PostgreSQL)
//	            nginx:80    Sinatra:4567   └─▶ yelb-redisserver   the page views (Redis)
//
// The repositories are users' repositories: a Dockerfile, source code and specfiles, with nothing in them that knows
// Serin. Each can be pushed as it is. The app server carries a seeded bug: a vote counts two
// (modules/restaurantsdbupdate.rb).
//
// What holds in the running application:
//
//   - A vote that was answered with a count is in the database. One that was answered with 503 was not counted, or the
//     connection broke after it had been sent and nobody knows. The app server never sends a vote twice; what is between
//     it and the voter may, if the vote is a GET.
//   - A read outlasts half a second without yelb-db, a page view as long without yelb-redisserver: a connection that
//     broke is made again, unnoticed by the caller. Longer outages are answered with 503 and a sentence.
//   - /api/hostname answers without yelb-db and yelb-redisserver: their outage does not make an app server unhealthy,
//     whether they refuse, are gone or, up to about a hundred requests a second, hang.
//   - On its stop signal each container answers the requests in flight and exits within seconds.
package yelb
