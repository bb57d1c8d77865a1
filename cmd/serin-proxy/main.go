// Command serin-proxy is the entry point of the proxy image; package proxy says what it does.
package main

import (
	"os"

	"serin.dev/serin/internal/proxy"
)

// version is set when the image is built: -ldflags "-X main.version=v1.2.3".
var version = "devel"

func main() {
	os.Exit(proxy.Main(version, os.Args[1:], os.Stdout, os.Stderr))
}
