package proxy

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var shopAndDB = []Name{
	{"db", netip.MustParseAddr("240.240.0.4")},
	{"shop", netip.MustParseAddr("240.240.0.3")},
}

const shopAndDBBlock = "# serin begin\n240.240.0.4\tdb\n240.240.0.3\tshop\n# serin end\n"

func TestRewriteHosts(t *testing.T) {
	tests := map[string]struct {
		before string
		names  []Name
		after  string
	}{
		"an empty file":             {"", shopAndDB, shopAndDBBlock},
		"a file without a block":    {"127.0.0.1 localhost\n", shopAndDB, "127.0.0.1 localhost\n" + shopAndDBBlock},
		"no final newline":          {"127.0.0.1 localhost", shopAndDB, "127.0.0.1 localhost\n" + shopAndDBBlock},
		"a block in the middle":     {"a\n# serin begin\n240.240.9.9 old\n# serin end\nb\n", shopAndDB, "a\n" + shopAndDBBlock + "b\n"},
		"two blocks":                {"# serin begin\n# serin end\nb\n# serin begin\n240.240.9.9 old\n# serin end\nc\n", shopAndDB, shopAndDBBlock + "b\nc\n"},
		"a block without an end":    {"# serin begin\n240.240.9.9 old\n10.0.0.1 theirs\n", shopAndDB, shopAndDBBlock + "10.0.0.1 theirs\n"},
		"a line put into the block": {"# serin begin\n240.240.9.9 old\n10.0.0.1 theirs\n# serin end\n", nil, "# serin begin\n# serin end\n10.0.0.1 theirs\n# serin end\n"},
		"no names any more":         {shopAndDBBlock, nil, "# serin begin\n# serin end\n"},
		"empty lines are kept":      {"a\n\nb\n", nil, "a\n\nb\n# serin begin\n# serin end\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := string(rewriteHosts([]byte(test.before), test.names)); got != test.after {
				t.Errorf("got\n%s\nwant\n%s", got, test.after)
			}
		})
	}
}

func FuzzRewriteHosts(f *testing.F) {
	for _, seed := range []string{"", "127.0.0.1 localhost\n", shopAndDBBlock, "# serin begin\n", "# serin end\n# serin begin\n240.240.0.1", "\n\n", " # serin begin \r\n240.240.0.1 x\r\n# serin end\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once := rewriteHosts(text, shopAndDB)
		if !strings.Contains(string(once), shopAndDBBlock) {
			t.Fatalf("the names are missing from %q", once)
		}
		if again := rewriteHosts(once, shopAndDB); !bytes.Equal(once, again) {
			t.Fatalf("a second writing changed %q to %q", once, again)
		}
		if got, want := rewriteHosts(once, nil), rewriteHosts(text, nil); !bytes.Equal(got, want) {
			t.Fatalf("the result depends on what was written before: %q, else %q", got, want)
		}
		for line := range bytes.Lines(text) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			ours := marks(line, hostsBegin) || marks(line, hostsEnd) || virtual(line)
			if !ours && !bytes.Contains(append([]byte("\n"), once...), append([]byte("\n"), append(line, '\n')...)) {
				t.Fatalf("the line %q was lost from %q: %q", line, text, once)
			}
		}
	})
}

func TestWriteHostsKeepsTheInodeAndIsNeverSeenEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte("127.0.0.1\tlocalhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	inode := inodeOf(t, path)

	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			text, err := os.ReadFile(path)
			if err != nil || !bytes.HasPrefix(text, []byte("127.0.0.1\tlocalhost\n")) {
				t.Errorf("a reader saw %q, %v", text, err)
				return
			}
		}
	})
	for i := range 2_000 {
		if err := WriteHosts(path, shopAndDB[:i%3]); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	readers.Wait()

	if got := inodeOf(t, path); got != inode {
		t.Errorf("the file's inode changed from %d to %d", inode, got)
	}
	text, err := os.ReadFile(path)
	if want := "127.0.0.1\tlocalhost\n# serin begin\n240.240.0.4\tdb\n# serin end\n"; err != nil || string(text) != want {
		t.Errorf("the file is %q, %v; want %q", text, err, want)
	}
}

func inodeOf(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}
