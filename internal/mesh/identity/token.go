package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// version starts every token, so that its form can change.
const version = "s1"

// Tokens makes and verifies join tokens.
type Tokens struct{ secret []byte }

// NewTokens keeps a copy of the secret: at least 16 random bytes, the same for the life of an installation.
func NewTokens(secret []byte) *Tokens { return &Tokens{secret: append([]byte(nil), secret...)} }

// Token gives the task's token, always the same: "s1.<task id>.<hash>", the last two in unpadded base64url.
func (t *Tokens) Token(task delivery.TaskID) string {
	id := task.String()
	return version + "." + encode([]byte(id)) + "." + encode(t.sign(id))
}

// Verify tells whose token it is. It fails with delivery.Unauthorized when the token is not one of ours.
func (t *Tokens) Verify(token string) (delivery.TaskID, error) {
	rest, ok := strings.CutPrefix(token, version+".")
	idPart, macPart, cut := strings.Cut(rest, ".")
	id, idErr := decode(idPart)
	mac, macErr := decode(macPart)
	if !ok || !cut || idErr != nil || macErr != nil {
		return delivery.TaskID{}, delivery.Errorf(delivery.Unauthorized, "the join token is malformed: give the token that Serin put into the task")
	}
	if !hmac.Equal(mac, t.sign(string(id))) {
		return delivery.TaskID{}, delivery.Errorf(delivery.Unauthorized, "the join token was not made by this installation: give the token that Serin put into the task")
	}
	task, err := delivery.ParseTaskID(string(id))
	if err != nil {
		return delivery.TaskID{}, delivery.Errorf(delivery.Unauthorized, "the join token names no task: %w", err)
	}
	return task, nil
}

func (t *Tokens) sign(id string) []byte {
	h := hmac.New(sha256.New, t.secret)
	h.Write([]byte("serin task " + id))
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }
