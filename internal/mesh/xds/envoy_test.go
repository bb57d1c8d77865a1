package xds

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"serin.dev/serin/internal/mesh"
)

// envoyBinary is SERIN_ENVOY, or where set-up puts it.
func envoyBinary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("SERIN_ENVOY")
	if path == "" {
		path, _ = filepath.Abs("../../../.cache/envoy/1.40.0/envoy")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no Envoy at %s: run make setup, or set SERIN_ENVOY", path)
	}
	return path
}

// bootstrap is what a proxy begins with; all else comes from the control plane.
var bootstrap = template.Must(template.New("bootstrap").Parse(`
node: {id: "{{.Node}}", cluster: demo, metadata: {epoch: "{{.Epoch}}", template: "{{.Template}}"}}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 15000}}}
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    set_node_on_first_message_only: true
    grpc_services:
    - envoy_grpc: {cluster_name: serin, retry_policy: {retry_back_off: {base_interval: 0.1s, max_interval: 1s}}}
      initial_metadata: [{key: authorization, value: "Bearer {{.Token}}"}]
  lds_config: {ads: {}, resource_api_version: V3}
  cds_config: {ads: {}, resource_api_version: V3}
stats_flush_interval: 1s
stats_sinks:
- name: envoy.stat_sinks.metrics_service
  typed_config:
    "@type": type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig
    transport_api_version: V3
    report_counters_as_deltas: false
    grpc_service:
      envoy_grpc: {cluster_name: serin}
      initial_metadata: [{key: authorization, value: "Bearer {{.Token}}"}]
stats_config:
  stats_matcher:
    inclusion_list:
      patterns:
{{- range .Patterns}}
      - safe_regex: {regex: '{{.}}'}
{{- end}}
static_resources:
  clusters:
  - name: serin
    connect_timeout: 1s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {connection_keepalive: {interval: 5s, timeout: 3s}}}
    load_assignment: {cluster_name: serin, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: {{.Host}}, port_value: {{.Port}}}}}}]}]}
`))

type bootstrapValues struct {
	Node, Token, Host string
	Template          mesh.Template
	Epoch             int64
	Port              int
	Patterns          []string
}

// envoy is a running Envoy.
type envoy struct {
	cmd *exec.Cmd
	log *lockedBuffer
}

// startEnvoy runs an Envoy in a place until the test ends or it is killed.
func startEnvoy(t testing.TB, p *place, v bootstrapValues) *envoy {
	t.Helper()
	v.Epoch, v.Patterns = time.Now().UnixNano(), append(mesh.StatPatterns(), "serin_test.*")
	var config bytes.Buffer
	if err := bootstrap.Execute(&config, v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, config.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &envoy{log: &lockedBuffer{}}
	e.cmd = exec.Command("ip", "netns", "exec", p.name, envoyBinary(t), "-c", file,
		"--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "2", "-l", envoyLog())
	e.cmd.Stderr = e.log
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.end(t)
		if t.Failed() {
			t.Logf("Envoy %s said:\n%s", v.Node, tail(e.log.String(), 60))
		}
	})
	return e
}

// end asks Envoy to end, unless it was killed, and fails the test if it does not do so cleanly.
func (e *envoy) end(t testing.TB) {
	if e.cmd.ProcessState != nil {
		return
	}
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("Envoy ended with %v", err)
	}
}

func (e *envoy) kill() {
	_ = e.cmd.Process.Kill() // "ip netns exec" becomes Envoy
	_ = e.cmd.Wait()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// envoyLog is Envoy's log level: SERIN_ENVOY_LOG, or warnings.
func envoyLog() string {
	if level := os.Getenv("SERIN_ENVOY_LOG"); level != "" {
		return level
	}
	return "warning"
}
