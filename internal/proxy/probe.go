package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/delivery"
)

// probe asks the app once, over a connection of its own. It gives what the app answered, in words that stay the same
// while the answer does. ctx bounds it.
func probe(ctx context.Context, c check) (passed bool, detail string) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port))
	switch c.protocol {
	case delivery.HTTP, delivery.HTTP2:
		return probeHTTP(ctx, c, address)
	case delivery.GRPC:
		return probeGRPC(ctx, address)
	case delivery.TCP:
		return probeTCP(ctx, address)
	default:
		return false, fmt.Sprintf("this serin-proxy does not know how to check the protocol %q", c.protocol)
	}
}

func probeTCP(ctx context.Context, address string) (bool, string) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false, "connecting to " + address + ": " + why(err)
	}
	conn.Close()
	return true, address + " accepts connections"
}

func probeHTTP(ctx context.Context, c check, address string) (bool, string) {
	var protocols http.Protocols
	protocols.SetHTTP1(c.protocol == delivery.HTTP)
	protocols.SetUnencryptedHTTP2(c.protocol == delivery.HTTP2)
	transport := &http.Transport{Protocols: &protocols, DisableKeepAlives: true, DisableCompression: true}
	defer transport.CloseIdleConnections()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+c.path, nil)
	if err != nil {
		return false, fmt.Sprintf("the check's path %q makes no URL", c.path)
	}
	request.Header.Set("User-Agent", "serin-proxy")
	response, err := transport.RoundTrip(request) // follows no redirect
	if err != nil {
		return false, fmt.Sprintf("GET %s at %s: %s", c.path, address, why(err))
	}
	response.Body.Close()
	return response.StatusCode >= 200 && response.StatusCode < 400,
		fmt.Sprintf("GET %s at %s answered %d", c.path, address, response.StatusCode)
}

func probeGRPC(ctx context.Context, address string) (bool, string) {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(), grpc.WithReadBufferSize(smallBuffer), grpc.WithWriteBufferSize(smallBuffer), grpc.WithDisableServiceConfig())
	if err != nil {
		return false, "grpc.health.v1 at " + address + ": " + err.Error()
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return false, "grpc.health.v1 at " + address + ": " + whyGRPC(ctx, err)
	}
	return answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING,
		"grpc.health.v1 at " + address + " answered " + answer.GetStatus().String()
}

// why says an error without what varies from one attempt to the next, such as the local port.
func why(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens there"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset by the app"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}

func whyGRPC(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "no answer in time"
	}
	s := status.Convert(err)
	return s.Code().String() + ": " + s.Message()
}
