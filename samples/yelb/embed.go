package yelb

import (
	"embed"
	"io/fs"
	"slices"

	"serin.dev/serin/internal/delivery"
)

//go:embed all:yelb-db all:yelb-redisserver all:yelb-appserver all:yelb-ui
var repositories embed.FS

// Names returns the names of Yelb's four services, which are those of their repositories, in an order in which each
// comes after those it calls.
func Names() []string {
	return []string{"yelb-db", "yelb-redisserver", "yelb-appserver", "yelb-ui"}
}

// Repository returns the files of the named service's repository, rooted where its Dockerfile is. All files are read-only
// and none is executable: nothing in them needs to be. It fails with delivery.NotFound for a name that is not of Names.
func Repository(name string) (fs.FS, error) {
	if !slices.Contains(Names(), name) {
		return nil, delivery.Errorf(delivery.NotFound, "the sample has no repository %q: it has %v", name, Names())
	}
	return fs.Sub(repositories, name)
}
