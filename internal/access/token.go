package access

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"
)

// Token is what is stored of a token: everything but its secret.
type Token struct {
	ID      string    `json:"id"`   // "t" and 9 of a-z and 2-7
	Name    string    `json:"name"` // for people, 1 to 80 characters
	Role    Role      `json:"role"`
	Hash    []byte    `json:"-"` // SHA-256 of the secret, 32 bytes
	Created time.Time `json:"created"`
}

// prefix makes tokens easy to find for those who look for leaked secrets.
const prefix = "serin"

// text is the form that is handed out, once.
func text(id, secret string) string { return prefix + "_" + id + "_" + secret }

// parse takes a text apart; ok is false when it cannot be one of ours.
func parse(s string) (id, secret string, ok bool) {
	f := strings.Split(s, "_")
	if len(f) != 3 || f[0] != prefix || len(f[1]) > 32 || len(f[2]) > 128 || f[1] == "" || f[2] == "" {
		return "", "", false
	}
	return f[1], f[2], true
}

// random gives 26 characters of a-z and 2-7: 130 bits.
func random() string { return strings.ToLower(rand.Text()) }

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
