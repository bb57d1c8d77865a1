// Command serin turns every git push into a safe canary release.
package main

import (
	"os"

	"serin.dev/serin/internal/cli"
)

// version is set by the linker.
var version = "devel"

func main() { os.Exit(cli.Main(version)) }
