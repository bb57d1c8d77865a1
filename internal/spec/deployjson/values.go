package deployjson

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

var (
	domain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)
	hexSha = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	blank  = strings.NewReplacer("\n", "", "\r", "", " ", "", "\t", "")
)

// name reads the name of an environment or a service.
func (r *reader) name(key, kind string) string {
	s, ok := r.text(key)
	if !ok {
		r.missing(key, `"the `+kind+`'s name"`)
		return ""
	}
	if err := delivery.CheckName(kind, s); err != nil {
		r.errorf(key, "%s", nameError(err))
	}
	return s
}

// nameError keeps a message about a very long name readable.
func nameError(err error) string {
	const most = 300
	if s := err.Error(); len(s) <= most {
		return s
	}
	return "it is too long: at most 40 characters"
}

func (r *reader) namespace(key string) string {
	s, ok := r.text(key)
	if !ok {
		r.missing(key, `"a domain such as shop.local"`)
		return ""
	}
	if len(s) > 200 || !domain.MatchString(s) {
		r.errorf(key, "it is %s: it must be a domain of a-z, 0-9 and - such as shop.local, of at most 200 characters", quoted(s))
	}
	return s
}

func (r *reader) protocol(key string) delivery.Protocol {
	s, ok := r.text(key)
	if !ok {
		r.missing(key, `"http"`)
		return ""
	}
	all := []delivery.Protocol{delivery.HTTP, delivery.HTTP2, delivery.GRPC, delivery.TCP}
	p := delivery.Protocol(strings.ToLower(s))
	if !slices.Contains(all, p) {
		r.errorf(key, "it is %s: it must be one of %s", quoted(s), words(all))
	}
	return p
}

// hosts reads the gateway's hosts: domains, the first label of which may be *.
func (r *reader) hosts(key string) []string {
	raw, ok := r.get(key)
	if !ok {
		return nil
	}
	var hosts []string
	if err := json.Unmarshal(raw, &hosts); err != nil {
		r.errorf(key, `it is %s: it must be a list of hosts such as ["shop.example.com"]`, shown(raw))
		return nil
	}
	if len(hosts) > 32 {
		r.errorf(key, "it has %d hosts: at most 32", len(hosts))
		return nil
	}
	for i, h := range hosts {
		switch bare := strings.TrimPrefix(h, "*."); {
		case len(h) > 253 || !domain.MatchString(bare):
			r.errorf(key, "%s is no host: write a domain in lower case, without scheme, port or path, such as shop.example.com or *.example.com", quoted(h))
		case slices.Contains(hosts[:i], h):
			r.errorf(key, "%s is here twice: remove one", quoted(h))
		}
	}
	return hosts
}

func (r *reader) pathPrefix(key string) string {
	s, ok := r.text(key)
	if !ok {
		return "/"
	}
	if len(s) > 1024 || !strings.HasPrefix(s, "/") || strings.Contains(s, "//") || strings.ContainsFunc(s, notInPath) {
		r.errorf(key, "it is %s: it must be a path such as / or /shop/, without query, escapes or blanks, of at most 1024 characters", quoted(s))
	}
	return s
}

func notInPath(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune(`?#%"\<>^{|}`+"`", c)
}

func (r *reader) sha(key string) string {
	s, ok := r.text(key)
	if !ok {
		return ""
	}
	s = strings.ToLower(s)
	if !hexSha.MatchString(s) {
		r.errorf(key, "it is %s: the build must write the commit or its first 7 digits or more here", quoted(s))
	}
	return s
}

func (r *reader) image(key string) string {
	s, ok := r.text(key)
	if ok && (s == "" || len(s) > 1024 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })) {
		r.errorf(key, "it is %s: the build must write the pushed image's name here, <registry>/<repository>:<tag>", quoted(s))
	}
	return s
}

// template reads base64, which may be wrapped into lines, as base64(1) writes it.
func (r *reader) template(key string) []byte {
	s, ok := r.text(key)
	if !ok {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(blank.Replace(s))
	switch {
	case err != nil:
		r.errorf(key, `it is no base64: the build must write "$(base64 specfiles/canary-helper.yaml)" here`)
	case len(data) == 0:
		r.errorf(key, "it is empty: the build must write specfiles/canary-helper.yaml in base64 here, or leave the key out")
	case len(data) > specfile.MaxSize:
		r.errorf(key, "the template has %d bytes: at most %d (1 MiB)", len(data), specfile.MaxSize)
	}
	return data
}
