package identity

import (
	"errors"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
)

var task = delivery.TaskID{Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "demo", Name: "shop"}, Number: 7}, Replica: 1}

func TestTokenSurvivesARestart(t *testing.T) {
	token := NewTokens([]byte("0123456789abcdef")).Token(task)
	got, err := NewTokens([]byte("0123456789abcdef")).Verify(token)
	if err != nil || got != task {
		t.Fatalf("Verify = %v, %v; want %v", got, err, task)
	}
}

func TestTokenOfAGateway(t *testing.T) {
	tokens := NewTokens([]byte("0123456789abcdef"))
	want := delivery.GatewayTask("demo")
	if got, err := tokens.Verify(tokens.Token(want)); err != nil || got != want {
		t.Fatalf("Verify = %v, %v; want %v", got, err, want)
	}
}

func TestWrongTokensAreRefused(t *testing.T) {
	tokens := NewTokens([]byte("0123456789abcdef"))
	good := tokens.Token(task)
	other := tokens.Token(delivery.GatewayTask("demo"))
	for name, token := range map[string]string{
		"empty":             "",
		"no hash":           good[:strings.LastIndexByte(good, '.')],
		"empty hash":        good[:strings.LastIndexByte(good, '.')+1],
		"another's hash":    good[:strings.LastIndexByte(good, '.')] + other[strings.LastIndexByte(other, '.'):],
		"another secret":    NewTokens([]byte("fedcba9876543210")).Token(task),
		"another version":   "s2" + good[2:],
		"one character off": good[:len(good)-2] + flip(good[len(good)-2:len(good)-1]) + good[len(good)-1:],
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tokens.Verify(token); !errors.Is(err, delivery.Unauthorized) {
				t.Fatalf("Verify(%q) = %v, want unauthorized", token, err)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	tokens := NewTokens([]byte("0123456789abcdef"))
	f.Add(tokens.Token(task))
	f.Add("s1..")
	f.Fuzz(func(t *testing.T, token string) {
		if task, err := tokens.Verify(token); err == nil && tokens.Token(task) != token {
			t.Fatalf("%q was taken for %v", token, task)
		}
	})
}

func flip(s string) string {
	if s == "A" {
		return "B"
	}
	return "A"
}
