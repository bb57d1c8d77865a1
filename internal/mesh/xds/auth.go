package xds

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/delivery"
)

// caller verifies the join token a stream was opened with.
func (s *Server) caller(ctx context.Context) (delivery.TaskID, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return delivery.TaskID{}, status.Error(codes.Unauthenticated, "no join token: send metadata \"authorization: Bearer <token>\" once")
	}
	token, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return delivery.TaskID{}, status.Error(codes.Unauthenticated, "metadata \"authorization\" must be \"Bearer <token>\"")
	}
	task, err := s.options.Tokens.Verify(token)
	if err != nil {
		return delivery.TaskID{}, status.Error(codes.Unauthenticated, err.Error())
	}
	return task, nil
}

// proxyOf finds, with mu held, the proxy of a task that is wanted. Others are told to come again: a task may be
// known here a moment after it started, and an empty answer would make Envoy drop everything it has.
func (s *Server) proxyOf(task delivery.TaskID) (*environment, *proxy, error) {
	e := s.environments[task.Deployment.Service.Environment]
	if e == nil {
		return nil, nil, status.Errorf(codes.Unavailable, "environment %s is not declared yet: try again", task.Deployment.Service.Environment)
	}
	p := e.proxies[task]
	if p == nil {
		return nil, nil, status.Errorf(codes.Unavailable, "task %s is not among those environment %s is to run: try again, or end", task, e.declared.Name)
	}
	return e, p, nil
}

// authorise is caller and proxyOf in one, for streams that are not discovery's.
func (s *Server) authorise(ctx context.Context) (delivery.TaskID, error) {
	task, err := s.caller(ctx)
	if err != nil {
		return task, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err = s.proxyOf(task)
	return task, err
}
