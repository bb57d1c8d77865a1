package access_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/access/accesstest"
	"serin.dev/serin/internal/delivery"
)

func TestMemory(t *testing.T) {
	accesstest.Run(t, func(*testing.T) access.Store { return access.NewMemory() })
}

var (
	ui = delivery.ServiceID{Environment: "yelb", Name: "yelb-ui"}
	db = delivery.ServiceID{Environment: "yelb", Name: "yelb-db"}
)

type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func open() (*access.Access, *clock) {
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return access.New(access.NewMemory(), c.now), c
}

func issue(t *testing.T, a *access.Access, role access.Role) (string, access.Token) {
	t.Helper()
	text, token, err := a.Issue(t.Context(), "somebody", role)
	if err != nil {
		t.Fatal(err)
	}
	return text, token
}

func TestRolesAllowWhatIsBelowThem(t *testing.T) {
	a, _ := open()
	for _, c := range []struct {
		role, needed access.Role
		allowed      bool
	}{
		{access.Admin, access.Admin, true},
		{access.Admin, access.Read, true},
		{access.Deploy, access.Admin, false},
		{access.Deploy, access.Deploy, true},
		{access.Deploy, access.Read, true},
		{access.Read, access.Deploy, false},
		{access.Read, access.Read, true},
	} {
		text, _ := issue(t, a, c.role)
		p, err := a.Authenticate(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.May(c.needed); (err == nil) != c.allowed || (err != nil && !errors.Is(err, delivery.Forbidden)) {
			t.Errorf("%s asked for %s: %v", c.role, c.needed, err)
		}
		if got, want := p.MayPull(ui) == nil, c.role.Allows(access.Read); got != want {
			t.Errorf("%s may pull: %v", c.role, got)
		}
		if got, want := p.MayPush(ui) == nil, c.role.Allows(access.Deploy); got != want {
			t.Errorf("%s may push: %v", c.role, got)
		}
	}
	if (access.Principal{}).May(access.Read) == nil {
		t.Error("nobody may read")
	}
}

func TestWrongTokensAreRefused(t *testing.T) {
	a, _ := open()
	text, token := issue(t, a, access.Read)
	for _, wrong := range []string{
		"", "serin", "serin__", "serin_x", "hello", text + "x", text[:len(text)-1], "serin_" + token.ID + "_", "serin_tzzzzzzzzz_" + strings.Repeat("a", 26),
		"serin_gaaaaaaaaa_" + strings.Repeat("a", 26), "serin_g_a", text + "_", strings.Repeat("serin_", 1000),
	} {
		if _, err := a.Authenticate(t.Context(), wrong); !errors.Is(err, delivery.Unauthorized) {
			t.Errorf("%q gave %v", wrong, err)
		} else if len(wrong) > 20 && strings.Contains(err.Error(), wrong) {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
	if err := a.Withdraw(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), text); !errors.Is(err, delivery.Unauthorized) {
		t.Errorf("a withdrawn token gave %v", err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	a, _ := open()
	_, first := issue(t, a, access.Admin)
	_, second := issue(t, a, access.Admin)
	if err := a.Withdraw(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.Withdraw(t.Context(), second.ID); !errors.Is(err, delivery.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if err := a.Withdraw(t.Context(), "tnobody"); !errors.Is(err, delivery.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestIssueRefusesNonsense(t *testing.T) {
	a, _ := open()
	for _, c := range []struct {
		name string
		role access.Role
	}{{"", access.Read}, {strings.Repeat("x", 81), access.Read}, {"a\nb", access.Read}, {"x", "root"}, {"x", ""}} {
		if _, _, err := a.Issue(t.Context(), c.name, c.role); !errors.Is(err, delivery.Invalid) {
			t.Errorf("%q as %q gave %v", c.name, c.role, err)
		}
	}
}

func TestGrantIsForItsRepositoryAndTime(t *testing.T) {
	a, now := open()
	build := a.Grant("build 12 of yelb/yelb-ui", access.Scope{Repository: ui, Pull: true, Push: true}, time.Hour)
	engine := a.Grant("the engine", access.Scope{Pull: true}, time.Hour)
	who := func(text string) access.Principal {
		t.Helper()
		p, err := a.Authenticate(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		what    string
		err     error
		allowed bool
	}{
		{"the build pushes its own", who(build).MayPush(ui), true},
		{"the build pulls its own", who(build).MayPull(ui), true},
		{"the build pushes another's", who(build).MayPush(db), false},
		{"the build pulls another's", who(build).MayPull(db), false},
		{"the build reads the API", who(build).May(access.Read), false},
		{"the engine pulls", who(engine).MayPull(db), true},
		{"the engine pushes", who(engine).MayPush(db), false},
	} {
		if (c.err == nil) != c.allowed {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
	a.Revoke(build)
	if _, err := a.Authenticate(t.Context(), build); !errors.Is(err, delivery.Unauthorized) {
		t.Errorf("a revoked grant gave %v", err)
	}
	now.Time = now.Add(time.Hour)
	if _, err := a.Authenticate(t.Context(), engine); !errors.Is(err, delivery.Unauthorized) {
		t.Errorf("a grant that ended gave %v", err)
	}
	a.Revoke(engine)
	a.Revoke("nonsense")
}

func TestFromRequest(t *testing.T) {
	a, _ := open()
	text, token := issue(t, a, access.Read)
	for _, c := range []struct {
		what string
		set  func(*http.Request)
		ok   bool
	}{
		{"nothing", func(*http.Request) {}, false},
		{"bearer", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }, true},
		{"bearer in small letters", func(r *http.Request) { r.Header.Set("Authorization", "bearer "+text) }, true},
		{"basic", func(r *http.Request) { r.SetBasicAuth("anybody", text) }, true},
		{"basic as user", func(r *http.Request) { r.SetBasicAuth(text, "") }, false},
		{"another scheme", func(r *http.Request) { r.Header.Set("Authorization", "Digest "+text) }, false},
		{"a wrong one", func(r *http.Request) { r.SetBasicAuth("anybody", "secret") }, false},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		c.set(r)
		p, err := a.FromRequest(r)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, delivery.Unauthorized)) || (c.ok && p.ID != token.ID) {
			t.Errorf("%s: %+v, %v", c.what, p, err)
		}
	}
}

func FuzzAuthenticate(f *testing.F) {
	for _, seed := range []string{"", "serin_a_b", "serin_g_b", "___", "serin_tabcdefghi_abc"} {
		f.Add(seed)
	}
	a, _ := open()
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := a.Authenticate(t.Context(), s); !errors.Is(err, delivery.Unauthorized) {
			t.Errorf("%q gave %v", s, err)
		}
	})
}
