package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"serin.dev/serin/internal/spec/deployjson"
)

// templateDigest is "sha256:<hex>" of a template's bytes, "" when there is none.
func templateDigest(template []byte) string {
	if template == nil {
		return ""
	}
	return digest(template)
}

// configDigest is "sha256:<hex>" of what a deploy.json says of the service itself. How it is released is not in it,
// nor what the build adds: a change of WaitTime alone makes no new revision.
func configDigest(f deployjson.File) string {
	return digest(fmt.Appendf(nil, "%q %q %q %q %d %q %q %q",
		f.EnvironmentName, f.MicroserviceName, f.Namespace, f.Protocol, f.Port, f.Hosts, f.Path, f.RetryOn))
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
