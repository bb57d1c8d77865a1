package mesh

import (
	"strings"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	statslogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/stats/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
)

// Evidence is counted by Envoy's stats access logger: one count for each attempt that ended, named after what came
// of it. A cluster's own counters would not do: they count a failed attempt twice, once or not at all depending on
// whether it was retried, and know nothing of localities.
//
//	serin.attempts.<cluster>     HTTP, caller's side: code and flags of each attempt, those hidden by a retry included
//	serin.timeouts.<cluster>     HTTP, caller's side: requests that the proxy gave up on
//	serin.connections.<...>      TCP, caller's side: by deployment and flags
//	serin.ingress.<cluster>      HTTP and TCP, at the deployment's own proxy
const (
	scope = "serin"

	attemptsStat    = "attempts"
	timeoutsStat    = "timeouts"
	connectionsStat = "connections"
	ingressStat     = "ingress"
	ingressTCPStat  = "ingress_tcp"

	// Endpoints carry the deployment they belong to: an address may be another's tomorrow.
	metadataSpace      = "serin"
	metadataDeployment = "deployment"
)

// StatPatterns are the regular expressions (RE2, whole name) of the stats a proxy must send by its metrics
// service; all others may be left out by stats_matcher.
func StatPatterns() []string {
	return []string{
		`serin\..*`,
		`cluster\.[^/.]+/[^/.]+/[0-9]+(/fallback)?\.upstream_rq_active`,
		`cluster\.app\.upstream_cx_active`,
		`http\.ingress\.downstream_rq_active`,
	}
}

// tag is one part of a counter's name: its own name, and what Envoy puts there.
type tag struct{ name, format string }

var (
	clusterTag    = tag{"cluster", "%UPSTREAM_CLUSTER%"}
	codeTag       = tag{"code", "%RESPONSE_CODE%"}
	flagsTag      = tag{"flags", "%RESPONSE_FLAGS%"}
	grpcTag       = tag{"grpc", "%GRPC_STATUS_NUMBER%"}
	deploymentTag = tag{"deployment", "%UPSTREAM_METADATA(" + metadataSpace + ":" + metadataDeployment + ")%"}
	eventTag      = tag{"event", "%ACCESS_LOG_TYPE%"}
)

// count logs nothing but counts: one for each entry of the log it is put into.
func count(stat string, tags ...tag) *accesslogv3.AccessLog {
	s := &statslogv3.Config_Stat{Name: stat}
	for _, t := range tags {
		s.Tags = append(s.Tags, &statslogv3.Config_Tag{Name: t.name, ValueFormat: t.format})
	}
	return &accesslogv3.AccessLog{
		Name: "count",
		ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: pack(&statslogv3.Config{
			// Without a sharing name: Envoy 1.40 crashes at its end when it has one.
			StatsScope: &typev3.Scope{Prefix: scope},
			Counters:   []*statslogv3.Config_Counter{{Stat: s, ValueFixed: wrapperspb.UInt64(1)}},
		})},
	}
}

// countIf counts only entries with one of Envoy's response flags.
func countIf(flags []string, stat string, tags ...tag) *accesslogv3.AccessLog {
	log := count(stat, tags...)
	log.Filter = flagged(flags...)
	return log
}

func flagged(flags ...string) *accesslogv3.AccessLogFilter {
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_ResponseFlagFilter{
		ResponseFlagFilter: &accesslogv3.ResponseFlagFilter{Flags: flags},
	}}
}

// givenUp are the flags of a request that took or idled too long. Envoy puts them on the request alone: its attempt
// ends without a code or a flag.
var givenUp = []string{"UT", "SI"}

// outcomeTags are how an HTTP attempt ended. gRPC answers 200 whatever happened: its own status says more.
func outcomeTags(p delivery.Protocol) []tag {
	tags := []tag{clusterTag, codeTag, flagsTag}
	if p == delivery.GRPC {
		tags = append(tags, grpcTag)
	}
	return tags
}

// stat is a counter's name, read.
type stat struct {
	name string
	tags map[string]string
}

// readStat reads "serin.<name>.<tag>.<value>[.<tag>.<value>...]". Values hold no dots.
func readStat(name string) (stat, bool) {
	rest, ok := strings.CutPrefix(name, scope+".")
	fields := strings.Split(rest, ".")
	if !ok || len(fields)%2 == 0 {
		return stat{}, false
	}
	s := stat{fields[0], map[string]string{}}
	for i := 1; i < len(fields); i += 2 {
		s.tags[fields[i]] = fields[i+1]
	}
	return s, true
}
