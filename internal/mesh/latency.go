package mesh

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	xdscorev3 "github.com/cncf/xds/go/xds/core/v3"
	matcherv3 "github.com/cncf/xds/go/xds/type/matcher/v3"
	transformv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/matching/actions/transform_stat/v3"
	statsinputv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/matching/common_inputs/stats/v3"

	"serin.dev/serin/internal/evidence"
)

// How long attempts took is counted by the same counters as how they ended: two more tags say in which of evidence's
// buckets an attempt is. So the counts are absolute, and what is lost of a stream costs nothing. Envoy's histograms
// would not do: its metrics service sends of them only what came since its last report.
//
// A time is written in µs, as "1234". One tag keeps its leading digits, rounded down to a bucket's bound, the other
// how many digits there are: took.10.digits.4 is from 1.0 ms to below 1.6 ms.
var (
	tookTag   = tag{"took", attemptTime, leadingDigits()}
	digitsTag = tag{"digits", attemptTime, numberOfDigits()}
)

// attemptTime is from the first byte of the request sent upstream to the first of the answer, in whole µs; "-" when
// no answer began.
const attemptTime = "%COMMON_DURATION(US_TX_BEG:US_RX_BEG:us)%"

// leadingDigits keeps of "1234" the "10". A value of one digit stays as it is.
func leadingDigits() *matcherv3.Matcher {
	var classes []class
	begins := map[int][]string{} // by bucket of the first decade
	for n := 10; n < 100; n++ {
		b := bucketFrom(n, 3)
		begins[b] = append(begins[b], strconv.Itoa(n))
	}
	for b := bucketFrom(10, 3); len(begins[b]) > 0; b++ {
		classes = append(classes, class{"(" + strings.Join(begins[b], "|") + ").*", begins[b][0]})
	}
	return classify(classes)
}

// numberOfDigits makes of "1234" the "4". All below 100 µs is in the first bucket, all from 100 s on in the last.
func numberOfDigits() *matcherv3.Matcher {
	classes := []class{{"[0-9]{1,2}", "2"}}
	for n := 3; n <= 8; n++ {
		classes = append(classes, class{fmt.Sprintf("[0-9]{%d}", n), strconv.Itoa(n)})
	}
	return classify(append(classes, class{"[0-9]{9,}", "9"}))
}

// bucketOf gives the bucket that an attempt was counted in; ok is false when no answer began.
func bucketOf(s stat) (bucket int, ok bool) {
	took, err := strconv.Atoi(s.value(tookTag))
	digits, err2 := strconv.Atoi(s.value(digitsTag))
	if err != nil || err2 != nil || took < 0 || took > 99 || digits < 2 || digits > 9 {
		return 0, false
	}
	return bucketFrom(took, digits), true
}

// bucketFrom gives the bucket of times whose first two digits of so many are at least took. A bucket begins above its
// lower bound, and Envoy cuts off what is below 1 µs: a time that reads as the bound was above it.
func bucketFrom(took, digits int) int {
	return evidence.BucketOf(time.Duration(took)*time.Duration(math.Pow10(digits-2))*time.Microsecond + 1)
}

// class is the value that a tag gets instead of those that match a regular expression (RE2, whole value).
type class struct{ regex, value string }

// classify gives a tag the value of the first class that matches; without one the value stays.
func classify(classes []class) *matcherv3.Matcher {
	list := &matcherv3.Matcher_MatcherList{}
	for _, c := range classes {
		list.Matchers = append(list.Matchers, &matcherv3.Matcher_MatcherList_FieldMatcher{
			Predicate: matches(c.regex),
			OnMatch: &matcherv3.Matcher_OnMatch{OnMatch: &matcherv3.Matcher_OnMatch_Action{Action: &xdscorev3.TypedExtensionConfig{
				Name:        "value",
				TypedConfig: pack(&transformv3.TransformStat{UpdateTag: &transformv3.TransformStat_UpdateTag{NewTagValue: c.value}}),
			}}},
		})
	}
	return &matcherv3.Matcher{MatcherType: &matcherv3.Matcher_MatcherList_{MatcherList: list}}
}

func matches(regex string) *matcherv3.Matcher_MatcherList_Predicate {
	return &matcherv3.Matcher_MatcherList_Predicate{MatchType: &matcherv3.Matcher_MatcherList_Predicate_SinglePredicate_{
		SinglePredicate: &matcherv3.Matcher_MatcherList_Predicate_SinglePredicate{
			Input: &xdscorev3.TypedExtensionConfig{Name: "value", TypedConfig: pack(&statsinputv3.StatTagValueInput{})},
			Matcher: &matcherv3.Matcher_MatcherList_Predicate_SinglePredicate_ValueMatch{ValueMatch: &matcherv3.StringMatcher{
				MatchPattern: &matcherv3.StringMatcher_SafeRegex{SafeRegex: &matcherv3.RegexMatcher{
					EngineType: &matcherv3.RegexMatcher_GoogleRe2{GoogleRe2: &matcherv3.RegexMatcher_GoogleRE2{}},
					Regex:      regex,
				}},
			}},
		},
	}}
}
