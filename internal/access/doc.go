// Package access says who may do what: tokens for people and programs, grants for machines.
//
//	request ──FromRequest──▶ Authenticate ──▶ Principal ──May(verb, service)──▶ nil, or a sentence
//	                              │
//	              tokens (stored, hashed)   grants (in memory, minutes)
//
// A token is the text "serin_<id>_<secret>". It lives until it is withdrawn and has a [Role]. Only the SHA-256 of
// its secret is stored: 130 random bits need no slow hash. A grant looks alike, with an id that starts with "g", but
// it is known to this process alone, ends by itself, and is good for one repository of the registry or for pulling
// from all: builds get one, and so do engines. After a restart all grants are gone, as the builds that held them.
//
// What must always be true:
//   - A secret is never stored, logged or put into an error.
//   - Secrets are compared in constant time, and an unknown id costs the same comparison.
//   - There is always a token that may administer: the last one cannot be withdrawn.
//   - Whoever is refused learns why in a sentence: [delivery.Unauthorized] (no token, or a wrong one) or
//     [delivery.Forbidden] (the token does not allow it).
//
// It imports only delivery, so that every part that listens may speak of a [Principal].
package access
