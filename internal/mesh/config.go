package mesh

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"serin.dev/serin/internal/delivery"
)

// Kind is one of the types of resource a proxy subscribes to.
type Kind int

const (
	Clusters Kind = iota
	Endpoints
	Listeners
	Routes
	kinds
)

// Kinds are all kinds, in the order in which a change is pushed.
func Kinds() []Kind { return []Kind{Clusters, Endpoints, Listeners, Routes} }

// TypeURL is the kind's name in xDS.
func (k Kind) TypeURL() string {
	return [kinds]string{resourcev3.ClusterType, resourcev3.EndpointType, resourcev3.ListenerType, resourcev3.RouteType}[k]
}

func (k Kind) String() string {
	return [kinds]string{"clusters", "endpoints", "listeners", "routes"}[k]
}

// KindOf reads an xDS type URL.
func KindOf(typeURL string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.TypeURL() == typeURL {
			return k, true
		}
	}
	return 0, false
}

// Resource is one piece of a proxy's configuration.
type Resource struct {
	Name    string
	Version string // a hash of the content: equal resources have equal versions, in every process
	Body    *anypb.Any
	// Needs are the clusters it sends traffic to: they must be in place, endpoints included, before it is.
	Needs []string
}

// Config is everything one proxy is to hold.
type Config struct {
	Resources [kinds]map[string]Resource
	// Calls are the services it may call.
	Calls map[delivery.ServiceID]bool
}

func newConfig() Config {
	c := Config{Calls: map[delivery.ServiceID]bool{}}
	for k := range c.Resources {
		c.Resources[k] = map[string]Resource{}
	}
	return c
}

func (c Config) add(k Kind, resources ...Resource) {
	for _, r := range resources {
		c.Resources[k][r.Name] = r
	}
}

func newResource(name string, m proto.Message, needs ...string) Resource {
	body := pack(m)
	sum := sha256.Sum256(body.Value)
	return Resource{Name: name, Version: hex.EncodeToString(sum[:8]), Body: body, Needs: needs}
}

// pack marshals in one order only, so that the same message always has the same bytes.
func pack(m proto.Message) *anypb.Any {
	body := &anypb.Any{}
	if err := anypb.MarshalFrom(body, m, proto.MarshalOptions{Deterministic: true}); err != nil {
		panic(fmt.Sprintf("mesh: a message built here does not marshal: %v", err)) // invalid UTF-8 only; names are checked
	}
	return body
}

// Len counts the resources.
func (c Config) Len() int {
	n := 0
	for _, m := range c.Resources {
		n += len(m)
	}
	return n
}
