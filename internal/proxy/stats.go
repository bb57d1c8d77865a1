package proxy

// statPatterns are the names of the stats that Envoy keeps, each a regular expression for whole names. It makes no
// others, which is most of its memory saved. A test sees to it that they hold all that the mesh reads.
func statPatterns() list {
	var patterns list
	for _, regex := range []string{
		// what the mesh reads: counts of attempts, and what is in flight to each deployment and to the app
		`serin\..*`,
		`cluster\.[^/.]+/[^/.]+/[0-9]+(/fallback)?\.upstream_rq_active`,
		`cluster\.app\.upstream_cx_active`,
		// what a drain waits for
		`http\..+\.downstream_rq_active`,
		`tcp\..+\.downstream_cx_active`,
	} {
		patterns = append(patterns, object{"safe_regex": object{"regex": regex}})
	}
	return patterns
}
