package proxy

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"serin.dev/serin/internal/delivery"
)

func TestProbe(t *testing.T) {
	web := newApp(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/broken", http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/slow":
			<-r.Context().Done()
		case "/two":
			if r.ProtoMajor != 2 {
				w.WriteHeader(http.StatusHTTPVersionNotSupported)
			}
		}
	}))
	serving, failing := newHealthServer(t, grpc_health_v1.HealthCheckResponse_SERVING), newHealthServer(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	bare := newGRPCServer(t, grpc.NewServer())
	closed := closedPort(t)

	tests := map[string]struct {
		protocol delivery.Protocol
		port     int
		path     string
		passed   bool
		detail   string // a part of it
	}{
		"http":               {delivery.HTTP, web, "/", true, "answered 200"},
		"http redirect":      {delivery.HTTP, web, "/moved", true, "answered 302"},
		"http error":         {delivery.HTTP, web, "/broken", false, "answered 503"},
		"http too slow":      {delivery.HTTP, web, "/slow", false, "no answer in time"},
		"http refused":       {delivery.HTTP, closed, "/", false, "connection refused"},
		"http to two only":   {delivery.HTTP, web, "/two", false, "answered 505"},
		"http2":              {delivery.HTTP2, web, "/two", true, "answered 200"},
		"http2 refused":      {delivery.HTTP2, closed, "/", false, "connection refused"},
		"grpc":               {delivery.GRPC, serving, "", true, "SERVING"},
		"grpc not serving":   {delivery.GRPC, failing, "", false, "NOT_SERVING"},
		"grpc without check": {delivery.GRPC, bare, "", false, "Unimplemented"},
		"grpc refused":       {delivery.GRPC, closed, "", false, "connection refused"},
		"tcp":                {delivery.TCP, web, "", true, "accepts"},
		"tcp refused":        {delivery.TCP, closed, "", false, "connection refused"},
		"unknown protocol":   {"carrier pigeon", web, "", false, "carrier pigeon"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			passed, detail := probe(ctx, check{protocol: test.protocol, port: test.port, path: test.path})
			if passed != test.passed || !strings.Contains(detail, test.detail) {
				t.Errorf("got %t, %q; want %t and %q", passed, detail, test.passed, test.detail)
			}
		})
	}
}

// newApp serves HTTP/1.1 and HTTP/2 without TLS on a port of loopback.
func newApp(t *testing.T, handler http.Handler) (port int) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

func newHealthServer(t *testing.T, status grpc_health_v1.HealthCheckResponse_ServingStatus) (port int) {
	health := grpchealth.NewServer()
	health.SetServingStatus("", status)
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health)
	return newGRPCServer(t, server)
}

func newGRPCServer(t *testing.T, server *grpc.Server) (port int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return listener.Addr().(*net.TCPAddr).Port
}

func closedPort(t *testing.T) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
