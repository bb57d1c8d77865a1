package proxy

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/sethvargo/go-retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
)

const (
	firstRetry  = 100 * time.Millisecond
	lastRetry   = 800 * time.Millisecond // at most 0.96 s with its jitter
	smallBuffer = 4 << 10                // bytes; messages are small and memory is dear
)

// link is the connection to the control plane.
type link struct {
	conn  *grpc.ClientConn
	token string
}

// newLink connects to nothing yet.
func newLink(c Control, token string) (link, error) {
	conn, err := grpc.NewClient(c.target(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithReadBufferSize(smallBuffer), grpc.WithWriteBufferSize(smallBuffer),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second}), // 10 s is gRPC's least
	)
	if err != nil {
		return link{}, delivery.Errorf(delivery.Invalid, "preparing the connection to the control plane: %w", err)
	}
	return link{conn, token}, nil
}

func (l link) attach(ctx context.Context) (agentpb.Agent_AttachClient, error) {
	l.conn.ResetConnectBackoff() // the only back-off is keepAttached's
	return agentpb.NewAgentClient(l.conn).Attach(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+l.token))
}

// keepAttached holds a stream to the control plane until ctx ends.
func (a *agent) keepAttached(ctx context.Context) {
	said := ""
	for wait := backoff(); ctx.Err() == nil; {
		instructed, err := a.attached(ctx)
		if instructed {
			wait, said = backoff(), ""
		}
		if err != nil && ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			a.log.Warn("the control plane is away; the task goes on as last told", "error", err)
		}
		pause, _ := wait.Next()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func backoff() retry.Backoff {
	return retry.WithJitterPercent(20, retry.WithCappedDuration(lastRetry, retry.NewExponential(firstRetry)))
}

// attached holds one stream as long as it lives: it says hello, then reports while it obeys.
// instructed tells whether the control plane said anything.
func (a *agent) attached(ctx context.Context) (instructed bool, err error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	stream, err := a.link.attach(ctx)
	if err != nil {
		return false, err
	}
	lost := make(chan struct{})
	var cause error
	go func() {
		defer close(lost)
		instructed, cause = a.keepObeying(stream)
	}()
	err = a.keepReporting(stream, lost)
	hangUp()
	<-lost
	return instructed, cmp.Or(err, cause)
}

// keepObeying does what it is told until the stream is lost, and says why it was.
func (a *agent) keepObeying(stream agentpb.Agent_AttachClient) (instructed bool, cause error) {
	for {
		m, err := stream.Recv()
		if err != nil {
			return instructed, err
		}
		if !instructed {
			a.log.Info("attached to the control plane")
		}
		instructed = true
		a.obey(m)
	}
}

// keepReporting reports until the stream is lost.
func (a *agent) keepReporting(stream agentpb.Agent_AttachClient, lost <-chan struct{}) error {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	hello := a.hello
	for {
		if err := stream.Send(a.report(hello)); err != nil && !errors.Is(err, io.EOF) {
			return err
		} // io.EOF: receiving will say why
		hello = nil
		select {
		case <-lost:
			return nil
		case <-a.checker.changed:
		case <-tick.C:
		}
	}
}
