package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// freePorts gives n ports that nobody listens on. They are below those that the kernel gives to outgoing connections,
// so that they stay free while a story's Serin is not up.
func freePorts(n int) ([]int, error) {
	const first, many = 20000, 10000
	var free []int
	for range 1000 {
		port := first + rand.IntN(many)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		l.Close()
		if free = append(free, port); len(free) == n {
			return free, nil
		}
	}
	return nil, fmt.Errorf("no free port between %d and %d was found", first, first+many)
}

// portCommand listens on a port as another program would, or stops to.
func portCommand(c call) error {
	if len(c.args) != 2 || c.neg {
		return errors.New("usage: port take PORT | port give PORT")
	}
	switch port := c.args[1]; c.args[0] {
	case "take":
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			return err
		}
		c.ports[port] = l.Close
	case "give":
		give, ok := c.ports[port]
		if !ok {
			return fmt.Errorf("port %s was not taken", port)
		}
		delete(c.ports, port)
		return give()
	}
	return nil
}

// disk mounts a disk of a size such as 80m at a folder of the data folder.
func disk(c call) error {
	if len(c.args) != 2 || c.neg {
		return errors.New("usage: disk DIR SIZE")
	}
	dir := filepath.Join(c.data, c.args[0])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+c.args[1]); err != nil {
		return fmt.Errorf("mounting a small disk at %s (are these tests run as root?): %w", dir, err)
	}
	return nil
}

// unmount takes away every disk of a data folder.
func unmount(data string) error {
	dirs, err := filepath.Glob(filepath.Join(data, "*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("unmounting %s: %w", dir, err)
		}
	}
	return nil
}
