package proxy

// statPatterns are the counters and gauges Envoy keeps; it makes no others, which is most of its memory saved.
func statPatterns() list {
	var patterns list
	for _, regex := range []string{
		// what callers see of each deployment, and what is in flight to it
		`cluster\..+\.(retry\.)?upstream_rq_(total|completed|active|[1-5]xx|[1-5][0-9][0-9]|timeout|per_try_timeout|rx_reset|tx_reset|pending_failure_eject|retry.*)`,
		`cluster\..+\.upstream_cx_(total|active|connect_fail|connect_timeout)`,
		`cluster\..+\.grpc\..*`,
		// what arrives: at the app, at the gateway, at the egress listener; the drain waits for the active ones
		`http\..+\.downstream_rq_(total|completed|active|[1-5]xx|rx_reset|tx_reset|timeout)`,
		`tcp\..+\.downstream_cx_(total|active|no_route)`,
		`listener_manager\..*`,
	} {
		patterns = append(patterns, object{"safe_regex": object{"regex": regex}})
	}
	return patterns
}
