package mesh

import (
	"strings"

	matcherv3 "github.com/cncf/xds/go/xds/type/matcher/v3"
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
//	serin.attempts.<cluster>     HTTP, caller's side: code, flags and time of each attempt, those hidden by a retry included
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

// tag is one part of a counter's name: its own name, what Envoy puts there, and what it makes of that.
type tag struct {
	name, format string
	rules        *matcherv3.Matcher // nil: it is left as it is
}

var (
	clusterTag    = tag{name: "cluster", format: "%UPSTREAM_CLUSTER%"}
	codeTag       = tag{name: "code", format: "%RESPONSE_CODE%"}
	flagsTag      = tag{name: "flags", format: "%RESPONSE_FLAGS%"}
	grpcTag       = tag{name: "grpc", format: "%GRPC_STATUS_NUMBER%"}
	deploymentTag = tag{name: "deployment", format: "%UPSTREAM_METADATA(" + metadataSpace + ":" + metadataDeployment + ")%"}
	eventTag      = tag{name: "event", format: "%ACCESS_LOG_TYPE%"}
)

// count logs nothing but counts: one for each entry of the log it is put into.
func count(stat string, tags ...tag) *accesslogv3.AccessLog {
	s := &statslogv3.Config_Stat{Name: stat}
	for _, t := range tags {
		s.Tags = append(s.Tags, &statslogv3.Config_Tag{Name: t.name, ValueFormat: t.format, Rules: t.rules})
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

// attemptTags are how an HTTP attempt ended, and how long it took.
func attemptTags(p delivery.Protocol, t Template) []tag {
	tags := outcomeTags(p)
	if t >= countsLatency {
		tags = append(tags, tookTag, digitsTag)
	}
	return tags
}

// stat is a counter's name, read: "serin.<name>.<tag>.<value>[.<tag>.<value>...]". Values hold no dots.
type stat struct {
	name string
	tags string // what follows the name
}

func readStat(name string) (s stat, ok bool) {
	rest, ok := strings.CutPrefix(name, scope+".")
	s.name, s.tags, _ = strings.Cut(rest, ".")
	return s, ok && strings.Count(rest, ".")%2 == 0
}

// value is a tag's, "" when the counter does not have it.
func (s stat) value(t tag) string {
	for rest := s.tags; rest != ""; {
		var name, value string
		name, rest, _ = strings.Cut(rest, ".")
		value, rest, _ = strings.Cut(rest, ".")
		if name == t.name {
			return value
		}
	}
	return ""
}
