package app

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"serin.dev/serin/internal/delivery"
)

// Config is what an operator may say. Each setting is, the later the stronger: a default, a line of serin.yaml in
// the data folder, a variable such as SERIN_PROXY_IMAGE, a flag such as --proxy-image.
type Config struct {
	Data         string `koanf:"data"`
	Listen       string `koanf:"listen"` // HTTP: console, API, git and registry
	Public       bool   `koanf:"public"` // let gateways be reached from other machines
	Docker       string `koanf:"docker"` // "": DOCKER_HOST, or Docker's default
	ProxyImage   string `koanf:"proxy-image"`
	BuilderImage string `koanf:"builder-image"`
	KeepImages   int    `koanf:"keep-images"` // of removed deployments, a service
	Builds       int    `koanf:"builds"`      // at once
	LogLevel     string `koanf:"log-level"`   // debug, info, warn, error
}

// Flags declares the settings as flags, but for the data folder.
func Flags(flags *pflag.FlagSet) {
	flags.String("listen", "127.0.0.1:7420", "address of the API, git and the registry; kept from the first start on")
	flags.Bool("public", false, "let gateways be reached from other machines, not from this one alone")
	flags.String("docker", "", "where Docker listens (default: DOCKER_HOST, or Docker's own default)")
	flags.String("proxy-image", "", "image of serin-proxy and Envoy")
	flags.String("builder-image", "", "image builds run in")
	flags.Int("keep-images", 5, "images of removed deployments to keep, a service")
	flags.Int("builds", 2, "builds at once")
	flags.String("log-level", "info", "debug, info, warn or error")
}

// Load reads the settings that a Serin is to run with. It fails with Invalid when one cannot be meant.
func Load(flags *pflag.FlagSet, data string) (Config, error) {
	data, err := filepath.Abs(data) // Docker mounts folders by their whole path
	if err != nil {
		return Config{}, err
	}
	c, err := Settings(flags, data)
	if err != nil {
		return c, err
	}
	return c, c.check()
}

// Settings reads the settings as they are said.
func Settings(flags *pflag.FlagSet, data string) (Config, error) {
	k := koanf.New(".")
	path := filepath.Join(data, "serin.yaml")
	if _, err := os.Stat(path); err == nil {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return Config{}, delivery.Errorf(delivery.Invalid, "%s: %w", path, err)
		}
	}
	// load fails only for what these providers are never given
	for _, provider := range []koanf.Provider{
		env.Provider(".", env.Opt{Prefix: "SERIN_", TransformFunc: func(key, value string) (string, any) {
			return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "SERIN_")), "_", "-"), value
		}}),
		posflag.Provider(flags, ".", k),
		confmap.Provider(map[string]any{"data": data}, "."),
	} {
		if err := k.Load(provider, nil); err != nil {
			return Config{}, err
		}
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, delivery.Errorf(delivery.Invalid, "the settings: %w", err)
	}
	return c, nil
}

// Level is the lowest level that is logged. It fails with Invalid.
func (c Config) Level() (level slog.Level, err error) {
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return 0, delivery.Errorf(delivery.Invalid, "--log-level %q: it must be debug, info, warn or error", c.LogLevel)
	}
	return level, nil
}

func (c Config) check() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "" {
		return delivery.Errorf(delivery.Invalid, "--listen %q: write ADDRESS:PORT, such as 127.0.0.1:7420", c.Listen)
	}
	if ip := net.ParseIP(host); !c.Public && (ip == nil || !ip.IsLoopback()) {
		return delivery.Errorf(delivery.Invalid, "--listen %s reaches beyond this machine: say --public if that is meant", c.Listen)
	}
	for _, image := range []struct{ flag, value string }{{"proxy-image", c.ProxyImage}, {"builder-image", c.BuilderImage}} {
		if image.value == "" {
			return delivery.Errorf(delivery.Invalid, "no --%s: `make setup` makes the images and says their names", image.flag)
		}
	}
	if c.KeepImages < 0 || c.Builds < 1 {
		return delivery.Errorf(delivery.Invalid, "--keep-images must be at least 0, and --builds at least 1")
	}
	return nil
}

// registryHost is how the machine's Docker names the registry: 127.0.0.1 needs no TLS.
func (c Config) registryHost() string {
	_, port, _ := net.SplitHostPort(c.Listen)
	return net.JoinHostPort("127.0.0.1", port)
}

// url is where the API is.
func (c Config) url() string {
	host, port, _ := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (c Config) path(elements ...string) string {
	return filepath.Join(append([]string{c.Data}, elements...)...)
}

// gatewayBind is the host address gateways are published on.
func (c Config) gatewayBind() string {
	if c.Public {
		return "0.0.0.0"
	}
	return "127.0.0.1"
}

// makeFolders makes the data folder's own folders, for its owner alone.
func (c Config) makeFolders() error {
	for _, dir := range []string{"git", "registry", "logs/runs", "logs/tasks", "run", "tmp"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			return fmt.Errorf("making the data folder: %w", err)
		}
	}
	return nil
}
