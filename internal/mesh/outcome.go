package mesh

import (
	"strconv"
	"strings"
)

// outcome is the one way in which an attempt ended.
type outcome int

const (
	answered outcome = iota
	failed5xx
	connectFailed
	reset
	timedOut
)

// connectedEvent is logged when a TCP connection reached its upstream; its end is logged as another event.
const connectedEvent = "TcpUpstreamConnected"

// outcomeOf judges an HTTP attempt by Envoy's response flags and code. No code means that no answer began; without
// a flag besides, that the caller or the proxy gave up, which is counted apart when it is a timeout.
func outcomeOf(s stat) outcome {
	code, _ := strconv.Atoi(s.tags[codeTag.name])
	flags := strings.Split(s.tags[flagsTag.name], ",")
	switch {
	case hasAny(flags, "UF"):
		return connectFailed
	case hasAny(flags, "UC", "UR", "UPE", "LR"): // upstream connection ended, it reset the stream, broke the protocol, or we had to
		return reset
	case code >= 500:
		return failed5xx
	}
	return grpcOutcome(s.tags[grpcTag.name])
}

// grpcOutcome treats those statuses as failures that gRPC's HTTP mapping makes 5xx of.
func grpcOutcome(status string) outcome {
	switch status {
	case "2", "12", "13", "14", "15": // unknown, unimplemented, internal, unavailable, data loss
		return failed5xx
	case "4": // deadline exceeded
		return timedOut
	}
	return answered
}

func tcpOutcomeOf(s stat) outcome {
	if hasAny(strings.Split(s.tags[flagsTag.name], ","), "UF") {
		return connectFailed
	}
	return answered
}

func hasAny(flags []string, wanted ...string) bool {
	for _, f := range flags {
		for _, w := range wanted {
			if f == w {
				return true
			}
		}
	}
	return false
}
