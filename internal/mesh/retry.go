package mesh

import (
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	previoushostsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"serin.dev/serin/internal/delivery"
)

// unreachedHeader marks the answer of a task's proxy that could not connect to its app: the app saw nothing of
// the request, so sending it elsewhere is safe for every method. Callers' proxies take it off.
const unreachedHeader = "x-serin-unreached"

// What is retried, in Envoy's words.
const (
	notReceived = "connect-failure,refused-stream,reset-before-request,retriable-headers" // the app never got the request
	notAnswered = "5xx,reset," + notReceived
)

const retries = 2

// retryPolicy says which failed attempts the caller's proxy sends to the fallback; nil: none.
//
// An attempt has no timeout of its own: a slow attempt may be a good one, and giving up on it would run it twice.
func retryPolicy(r delivery.Retries, idempotent bool) *routev3.RetryPolicy {
	on := notReceived
	switch r {
	case delivery.RetryNone:
		return nil
	case delivery.RetryAll:
		on = notAnswered
	case delivery.RetryConnect:
	default: // delivery.RetryIdempotent
		if idempotent {
			on = notAnswered
		}
	}
	return &routev3.RetryPolicy{
		RetryOn:    on,
		NumRetries: wrapperspb.UInt32(retries),
		RetriableHeaders: []*routev3.HeaderMatcher{{
			Name:                 unreachedHeader,
			HeaderMatchSpecifier: &routev3.HeaderMatcher_PresentMatch{PresentMatch: true},
		}},
		RefreshClusterOnRetry: true,
		RetryHostPredicate: []*routev3.RetryPolicy_RetryHostPredicate{{
			Name: "envoy.retry_host_predicates.previous_hosts",
			ConfigType: &routev3.RetryPolicy_RetryHostPredicate_TypedConfig{
				TypedConfig: pack(&previoushostsv3.PreviousHostsPredicate{}),
			},
		}},
		HostSelectionRetryMaxAttempts: 3,
	}
}
