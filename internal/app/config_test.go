package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"serin.dev/serin/internal/delivery"
)

// load reads settings from a file's lines, variables and flags.
func load(t *testing.T, file string, flags ...string) (Config, error) {
	t.Helper()
	data := t.TempDir()
	for _, name := range []string{"SERIN_PROXY_IMAGE", "SERIN_BUILDER_IMAGE"} { // the machine's own, if it has any
		if os.Getenv(name) != "from-variable" {
			t.Setenv(name, "") // puts it back at the end
			os.Unsetenv(name)
		}
	}
	if file != "" {
		if err := os.WriteFile(filepath.Join(data, "serin.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	Flags(set)
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return Load(set, data)
}

func TestSettingsOverrideEachOther(t *testing.T) {
	t.Setenv("SERIN_BUILDER_IMAGE", "from-variable")
	c, err := load(t, "proxy-image: from-file\nbuilder-image: from-file\nbuilds: 3\nkeep-images: 4\n", "--builds", "5")
	if err != nil {
		t.Fatal(err)
	}
	if c.ProxyImage != "from-file" || c.BuilderImage != "from-variable" || c.Builds != 5 || c.KeepImages != 4 || c.Listen != "127.0.0.1:7420" {
		t.Errorf("the settings are %+v", c)
	}
}

func TestSettingsThatCannotBeMeant(t *testing.T) {
	images := []string{"--proxy-image", "p", "--builder-image", "b"}
	for name, test := range map[string]struct {
		file  string
		flags []string
		says  string
	}{
		"no images":         {"", nil, "make setup"},
		"no port":           {"", append(images, "--listen", "127.0.0.1"), "ADDRESS:PORT"},
		"open to others":    {"", append(images, "--listen", "0.0.0.0:7420"), "--public"},
		"no build at all":   {"", append(images, "--builds", "0"), "--builds"},
		"a broken file":     {"builds: [", images, "serin.yaml"},
		"a word for number": {"builds: many", images, "builds"},
	} {
		_, err := load(t, test.file, test.flags...)
		if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want Invalid that says %q", name, err, test.says)
		}
	}
	if _, err := load(t, "", append(images, "--listen", "0.0.0.0:7420", "--public")...); err != nil {
		t.Errorf("with --public: %v", err)
	}
}

func TestTheDataFolderIsOnesOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(path); !errors.Is(err, delivery.Conflict) {
		t.Errorf("a second holder gets %v, want Conflict", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lock(path)
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	soon := make(chan error)
	go func() {
		file, err := lockSoon(t.Context(), path)
		soon <- errors.Join(err, file.Close())
	}()
	again.Close()
	if err := <-soon; err != nil {
		t.Errorf("waiting for it: %v", err)
	}
}

func TestASocketsNameMustFit(t *testing.T) {
	if _, err := listenUnix(filepath.Join(t.TempDir(), strings.Repeat("x", 100))); !errors.Is(err, delivery.Invalid) {
		t.Errorf("a long path gives %v, want Invalid", err)
	}
	path := filepath.Join(t.TempDir(), "s")
	for range 2 { // the name of a killed process is taken over
		l, err := listenUnix(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

func TestChangesWakeEveryWaiter(t *testing.T) {
	var c changes
	c.tell() // nobody waits
	one, two := c.Changed(), c.Changed()
	c.tell()
	<-one
	<-two
	select {
	case <-c.Changed():
		t.Error("a later waiter is woken by an earlier change")
	default:
	}
}
