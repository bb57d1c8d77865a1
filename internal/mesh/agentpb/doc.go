// Package agentpb is the protocol between serin-proxy and the control plane: names, health checks and health.
// It is a leaf, generated from agent.proto.
package agentpb

//go:generate protoc --plugin=protoc-gen-go=../../../bin/protoc-gen-go --plugin=protoc-gen-go-grpc=../../../bin/protoc-gen-go-grpc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative agent.proto
