package proxy

import (
	"os"
	"testing"
)

// actAsSerinProxy makes the test binary behave as serin-proxy.
const actAsSerinProxy = "SERIN_TEST_ACT_AS_SERIN_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(actAsSerinProxy) != "" {
		os.Exit(Main("test", os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// serinProxy is the path of a binary that is serin-proxy in this process's children.
func serinProxy(t *testing.T) string {
	t.Helper()
	t.Setenv(actAsSerinProxy, "yes")
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
