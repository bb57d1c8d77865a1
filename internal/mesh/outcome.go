package mesh

import (
	"slices"
	"strconv"
	"strings"
)

// outcome is the one way in which an attempt ended.
type outcome int

const (
	answered outcome = iota
	failed5xx
	failedGRPC
	connectFailed
	reset
	timedOut
)

// connectedEvent is logged when a TCP connection reached its upstream; its end is logged as another event.
const connectedEvent = "TcpUpstreamConnected"

// outcomeOf judges an HTTP attempt by Envoy's response flags and code. No code means that no answer began; without
// a flag besides, that the caller or the proxy gave up, which is counted apart when it is a timeout.
func outcomeOf(s stat) outcome {
	code, _ := strconv.Atoi(s.value(codeTag))
	flags := s.value(flagsTag)
	switch {
	case hasAny(flags, "UF"):
		return connectFailed
	case hasAny(flags, "UC", "UR", "UPE", "LR"): // upstream connection ended, it reset the stream, broke the protocol, or we had to
		return reset
	case code >= 500:
		return failed5xx
	}
	return grpcOutcome(s.value(grpcTag))
}

// grpcOutcome treats those statuses as failures that gRPC's HTTP mapping makes 5xx of.
func grpcOutcome(status string) outcome {
	switch status {
	case "2", "12", "13", "14", "15": // unknown, unimplemented, internal, unavailable, data loss
		return failedGRPC
	case "4": // deadline exceeded
		return timedOut
	}
	return answered
}

func tcpOutcomeOf(s stat) outcome {
	if hasAny(s.value(flagsTag), "UF") {
		return connectFailed
	}
	return answered
}

// hasAny tells whether one of the flags, separated by commas, is a wanted one.
func hasAny(flags string, wanted ...string) bool {
	for f := range strings.SplitSeq(flags, ",") {
		if slices.Contains(wanted, f) {
			return true
		}
	}
	return false
}
