package mesh

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	matcherv3 "github.com/cncf/xds/go/xds/type/matcher/v3"
	transformv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/matching/actions/transform_stat/v3"

	"serin.dev/serin/internal/evidence"
)

// TestEveryTimeIsCountedInItsBucket writes times as Envoy does, applies the tags' rules and reads the result.
func TestEveryTimeIsCountedInItsBucket(t *testing.T) {
	check := func(took time.Duration) {
		t.Helper()
		written := strconv.FormatInt(took.Microseconds(), 10)
		tags := "took." + applied(t, tookTag.rules, written) + ".digits." + applied(t, digitsTag.rules, written)
		if got, ok := bucketOf(stat{tags: tags}); !ok || got != evidence.BucketOf(took) {
			t.Errorf("%s, counted as %s, is in bucket %d, want %d", took, tags, got, evidence.BucketOf(took))
		}
	}
	for i := range evidence.Buckets - 1 {
		check(evidence.Bound(i) - time.Nanosecond)
		check(evidence.Bound(i) + time.Nanosecond) // exactly the bound cannot be told from a little more
	}
	for _, d := range []time.Duration{0, time.Microsecond, 42 * time.Microsecond, 99 * time.Second, 100 * time.Second, time.Hour, 24 * time.Hour} {
		check(d)
	}
}

func TestNoAnswerHasNoBucket(t *testing.T) {
	for _, rules := range []*matcherv3.Matcher{tookTag.rules, digitsTag.rules} {
		if got := applied(t, rules, "-"); got != "-" {
			t.Errorf("no time becomes %q", got)
		}
	}
	for _, tags := range []string{"", "took.-.digits.-", "took.10", "took.100.digits.4", "took.-1.digits.4", "took.10.digits.20", "digits.4.took"} {
		if bucket, ok := bucketOf(stat{tags: tags}); ok {
			t.Errorf("%s is counted in bucket %d", tags, bucket)
		}
	}
}

// applied is what Envoy makes of a tag's value.
func applied(t *testing.T, rules *matcherv3.Matcher, value string) string {
	t.Helper()
	for _, m := range rules.GetMatcherList().GetMatchers() {
		whole := regexp.MustCompile("^(?:" + m.GetPredicate().GetSinglePredicate().GetValueMatch().GetSafeRegex().GetRegex() + ")$")
		if whole.MatchString(value) {
			action := &transformv3.TransformStat{}
			unpack(t, m.GetOnMatch().GetAction().GetTypedConfig(), action)
			return action.GetUpdateTag().GetNewTagValue()
		}
	}
	return value
}
