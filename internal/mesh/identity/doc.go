// Package identity says who a proxy is. A task's join token is the task's id and a keyed hash of it
// (HMAC-SHA256 under a secret that lives in the store): nothing is issued or kept, and a control plane that
// restarts still knows every token it ever gave.
//
// A token proves which task speaks, not that the task is wanted: who serves it must look that up.
package identity
