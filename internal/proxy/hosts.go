package proxy

import (
	"bytes"
	"io"
	"net/netip"
	"os"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// Serin's block of the hosts file lies between these lines.
const (
	hostsBegin = "# serin begin"
	hostsEnd   = "# serin end"
)

// Name is a line of the hosts table.
type Name struct {
	Name    string
	Address netip.Addr
}

// WriteHosts makes names Serin's block of the hosts file at path, and keeps every other line. It changes nothing
// when the file says so already. The file keeps its inode, and whoever reads meanwhile sees the old text or the new,
// never an empty file: the new text goes in by one write, padded with empty lines to the old length, and is cut after.
func WriteHosts(path string, names []Name) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return hostsError(path, err)
	}
	defer file.Close()
	before, err := io.ReadAll(file)
	if err != nil {
		return hostsError(path, err)
	}
	after := rewriteHosts(before, names)
	if bytes.Equal(before, after) {
		return nil
	}
	padding := bytes.Repeat([]byte("\n"), max(0, len(before)-len(after)))
	if _, err := file.WriteAt(append(bytes.Clone(after), padding...), 0); err != nil {
		return hostsError(path, err)
	}
	if err := file.Truncate(int64(len(after))); err != nil {
		return hostsError(path, err)
	}
	return nil
}

func hostsError(path string, err error) error {
	return delivery.Errorf(delivery.Unavailable, "writing names to the hosts file %s: %w", path, err)
}

// rewriteHosts gives text with Serin's block replaced where the first one was, or appended.
func rewriteHosts(text []byte, names []Name) []byte {
	foreign, at := foreignLines(text)
	lines := make([][]byte, 0, len(foreign)+len(names)+2)
	lines = append(lines, foreign[:at]...)
	lines = append(lines, []byte(hostsBegin))
	for _, n := range names {
		lines = append(lines, []byte(n.Address.String()+"\t"+n.Name))
	}
	lines = append(lines, []byte(hostsEnd))
	lines = append(lines, foreign[at:]...)
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// foreignLines gives the lines that are not Serin's, and where among them Serin's block stands.
// A block whose end is missing ends at the first line that Serin would not have written.
func foreignLines(text []byte) (foreign [][]byte, at int) {
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(text) == 0 {
		lines = nil
	}
	at = -1
	for i := 0; i < len(lines); i++ {
		if !marks(lines[i], hostsBegin) {
			foreign = append(foreign, lines[i])
			continue
		}
		if at < 0 {
			at = len(foreign)
		}
		for i+1 < len(lines) && virtual(lines[i+1]) {
			i++
		}
		if i+1 < len(lines) && marks(lines[i+1], hostsEnd) {
			i++
		}
	}
	if at < 0 {
		at = len(foreign)
	}
	return foreign, at
}

func marks(line []byte, marker string) bool { return string(bytes.TrimSpace(line)) == marker }

// virtual tells whether a line names a virtual IP.
func virtual(line []byte) bool {
	fields := bytes.Fields(line)
	if len(fields) == 0 {
		return false
	}
	address, err := netip.ParseAddr(string(fields[0]))
	return err == nil && netip.MustParsePrefix(topology.VirtualNet).Contains(address)
}
