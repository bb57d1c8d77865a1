// Package api is Serin's HTTP API: what the command, the console and other programs speak.
//
// The Go types of this package are the contract: OpenAPI 3.1 is made of them (GET /api/v1/openapi.json), requests are
// checked against it, and [Client] uses the same types. Failures are problem+json (RFC 9457) with the code of
// delivery.Error and its sentence. What goes on is told by server-sent events; logs are plain text, streamed.
//
//	GET    /api/v1/version
//	GET    /api/v1/environments                POST …           GET, DELETE …/{env}
//	GET    …/{env}/services                    POST …           GET, PATCH, DELETE …/{service}
//	GET    …/{service}/weights                 GET …/{env}/proxies
//	GET    …/{service}/deployments             POST …           GET …/{number}      GET …/{number}/logs
//	GET    /api/v1/runs                        GET …/{id}       GET …/{id}/log      GET …/{id}/events   POST …/{id}/cancel
//	GET    /api/v1/rollouts                    GET …/{id}       GET …/{id}/history  GET …/{id}/events   POST …/{id}/{abort,pause,resume,promote}
//	GET    /api/v1/tokens                      POST …           DELETE …/{id}
//
// [Watch] goes around all that Serin answers on its port: it gives each request an id, which a problem holds, and logs
// what failed by Serin's own fault.
//
// Everything but the contract itself needs a bearer token; reading needs the role read, pushing and deploying the role deploy, and the rest
// the role admin.
package api
