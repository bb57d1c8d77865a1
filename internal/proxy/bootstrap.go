package proxy

import (
	"encoding/json"
	"strconv"
	"time"

	"serin.dev/serin/internal/delivery"
)

// template is the version of what this proxy is made for: of what Bootstrap makes, and of what the control plane is to
// send, which reads it from the node's metadata and serves older proxies what they were made for.
const template = "2"

// controlCluster is the bootstrap's one cluster: the control plane.
const controlCluster = "serin"

// connectionLimit is how many connections Envoy accepts, of the app and of other tasks together.
const connectionLimit = 50_000

// Envoy's configuration as JSON. Building it from Envoy's own Go types would add some 20 MB to the binary.
type (
	object = map[string]any
	list   = []any
)

// Bootstrap is Envoy's first configuration, in JSON: who it is, where the control plane listens, and nothing that
// the control plane could tell it later. It holds the token. admin is the path of the admin socket.
func Bootstrap(s Settings, epoch time.Time, admin string) ([]byte, error) {
	text, err := json.MarshalIndent(object{
		"node": object{
			"id":       s.Task.String(),
			"cluster":  s.Task.Deployment.Service.Environment,
			"metadata": object{"epoch": strconv.FormatInt(epoch.UnixNano(), 10), "template": template},
		},
		"admin": object{"address": object{"pipe": object{"path": admin, "mode": 0o600}}},
		"dynamic_resources": object{
			"ads_config": object{
				"api_type":                       "DELTA_GRPC",
				"transport_api_version":          "V3",
				"set_node_on_first_message_only": true,
				"grpc_services":                  list{controlService(s.Token)},
			},
			"lds_config": adsSource(),
			"cds_config": adsSource(),
		},
		"static_resources":     object{"clusters": list{control(s.Control)}},
		"stats_flush_interval": "1s",
		"stats_config": object{
			"stats_matcher": object{"inclusion_list": object{"patterns": statPatterns()}},
		},
		"stats_sinks": list{object{
			"name": "envoy.stat_sinks.metrics_service",
			"typed_config": object{
				"@type":                     "type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig",
				"transport_api_version":     "V3",
				"report_counters_as_deltas": false, // absolute: a broken stream loses nothing
				"grpc_service":              controlService(s.Token),
			},
		}},
		"overload_manager": object{"resource_monitors": list{object{
			"name": "envoy.resource_monitors.global_downstream_max_connections",
			"typed_config": object{
				"@type":                             "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
				"max_active_downstream_connections": connectionLimit,
			},
		}}},
		"layered_runtime": object{"layers": list{object{"name": "serin", "static_layer": object{}}}},
	}, "", " ")
	if err != nil {
		return nil, delivery.Errorf(delivery.Internal, "writing Envoy's bootstrap: %w", err)
	}
	return text, nil
}

// controlService calls the control plane with the task's token. Envoy's own back-off would reach 23 s.
func controlService(token string) object {
	return object{
		"envoy_grpc": object{
			"cluster_name": controlCluster,
			"retry_policy": object{"retry_back_off": object{"base_interval": "0.1s", "max_interval": "1s"}},
		},
		"initial_metadata": list{object{"key": "authorization", "value": "Bearer " + token}},
	}
}

func adsSource() object { return object{"ads": object{}, "resource_api_version": "V3"} }

// control is the cluster of the control plane, over one HTTP/2 connection that notices within 8 s that its peer is gone.
func control(c Control) object {
	const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	cluster := object{
		"name":            controlCluster,
		"type":            "STATIC",
		"connect_timeout": "1s",
		"load_assignment": object{
			"cluster_name": controlCluster,
			"endpoints": list{object{"lb_endpoints": list{object{
				"endpoint": object{"address": controlAddress(c)},
			}}}},
		},
		"typed_extension_protocol_options": object{options: object{
			"@type": "type.googleapis.com/" + options,
			"explicit_http_config": object{"http2_protocol_options": object{
				"connection_keepalive": object{"interval": "5s", "timeout": "3s"},
			}},
		}},
	}
	if c.Path == "" && !c.literal() {
		cluster["type"] = "STRICT_DNS"
		cluster["dns_lookup_family"] = "ALL"
	}
	return cluster
}

func controlAddress(c Control) object {
	if c.Path != "" {
		return object{"pipe": object{"path": c.Path}}
	}
	return object{"socket_address": object{"address": c.Host, "port_value": c.Port}}
}
