package proxy

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// admin speaks to Envoy's admin interface at a unix socket.
type admin struct{ client *http.Client }

func newAdmin(path string) admin {
	return admin{&http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}}
}

// live tells whether Envoy has initialised: fails with Unavailable, in Envoy's own word for its state, when not.
func (a admin) live(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodGet, "/ready")
	return err
}

// listening gives the ports Envoy's listeners are bound to.
func (a admin) listening(ctx context.Context) (map[int]bool, error) {
	text, err := a.call(ctx, http.MethodGet, "/listeners?format=json")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Statuses []struct {
			Local struct {
				Socket struct {
					Port int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, delivery.Errorf(delivery.Internal, "reading Envoy's listeners: %w", err)
	}
	ports := make(map[int]bool)
	for _, s := range answer.Statuses {
		ports[s.Local.Socket.Port] = true
	}
	return ports, nil
}

// inFlight counts the requests and, of TCP, the connections that Envoy serves at this moment.
func (a admin) inFlight(ctx context.Context) (int, error) {
	const filter = `/stats?filter=downstream_(rq|cx)_active$`
	text, err := a.call(ctx, http.MethodGet, filter)
	if err != nil {
		return 0, err
	}
	return sumActive(string(text))
}

// sumActive adds up the gauges "http.*.downstream_rq_active: n" and "tcp.*.downstream_cx_active: n".
// Connections of HTTP do not count, since callers keep idle ones; nor does the admin interface, which is in use.
func sumActive(text string) (sum int, err error) {
	for line := range strings.Lines(text) {
		stat, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		http := strings.HasPrefix(stat, "http.") && strings.HasSuffix(stat, ".downstream_rq_active")
		tcp := strings.HasPrefix(stat, "tcp.") && strings.HasSuffix(stat, ".downstream_cx_active")
		if !http && !tcp || strings.HasPrefix(stat, "http.admin.") {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			return 0, delivery.Errorf(delivery.Internal, "Envoy's %q is %q, which is no number", stat, value)
		}
		sum += n
	}
	return sum, nil
}

// drain makes Envoy ask its peers to take their connections elsewhere, while it goes on accepting and serving.
func (a admin) drain(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/drain_listeners?graceful&skip_exit")
	return err
}

func (a admin) call(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		return nil, delivery.Errorf(delivery.Internal, "asking Envoy: %w", err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "asking Envoy: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "asking Envoy: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, delivery.Errorf(delivery.Unavailable, "Envoy answers %s with %d %s", path, response.StatusCode, strings.TrimSpace(string(text)))
	}
	return text, nil
}
