// Standin has serin-proxy's commands without Envoy, for tests of the engine: run adds a name to the hosts file in
// place, as serin-proxy does, and listens on the mesh port.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const marker = "/run/serin-proxy/ready"

func main() {
	if len(os.Args) < 2 {
		fail("no command")
	}
	switch os.Args[1] {
	case "pause":
		untilTerm()
	case "capture":
		fmt.Println("captured", strings.Join(os.Args[2:], " "))
	case "run":
		run()
	case "ready":
		ready()
	default:
		fail("unknown command " + os.Args[1])
	}
}

func run() {
	if os.Getenv("SERIN_TOKEN") == "" || os.Getenv("SERIN_TASK") == "" {
		fail("SERIN_TOKEN or SERIN_TASK is missing")
	}
	hosts, err := os.OpenFile("/etc/hosts", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		fail(err.Error())
	}
	fmt.Fprintln(hosts, "240.240.0.9 standin")
	hosts.Close()
	if _, err := os.ReadDir("/run/serin"); err != nil {
		fail(err.Error())
	}
	if _, err := net.Listen("tcp4", ":15006"); err != nil {
		fail(err.Error())
	}
	if err := os.MkdirAll("/run/serin-proxy", 0o700); err != nil {
		fail(err.Error())
	}
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		fail(err.Error())
	}
	fmt.Println("serving", os.Getenv("SERIN_TASK"))
	untilTerm()
}

func ready() {
	for range 300 {
		if _, err := os.Stat(marker); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	fail("run did not get ready")
}

func untilTerm() {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	<-term
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
