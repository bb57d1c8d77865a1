package registry

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"

	"serin.dev/serin/internal/delivery"
)

// Options are what a Registry needs.
type Options struct {
	Dir     string        // where the images lie; it is made when it is not there
	Host    string        // the host and port images are named by, "127.0.0.1:7400"
	Quiet   time.Duration // how long nobody may have pushed before a collection; 0: 30 s
	Grace   time.Duration // how long an image stays that nobody keeps; 0: an hour
	Reserve int64         // bytes of the disk that pushes leave free; 0: 64 MiB
	Logger  *slog.Logger
}

// Registry is an OCI registry on this machine's disk.
type Registry struct {
	Options
	app    *handlers.App
	driver driver.StorageDriver
	images distribution.Namespace // the same files, for our own use
	gate   *gate
}

// New makes a Registry. It sends what distribution logs, which knows but one logger for the whole process, to ours.
func New(o Options) (*Registry, error) {
	if o.Quiet == 0 {
		o.Quiet = 30 * time.Second
	}
	if o.Grace == 0 {
		o.Grace = time.Hour
	}
	if o.Reserve == 0 {
		o.Reserve = 64 << 20
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	adoptLog(o.Logger)
	files := filesystem.New(filesystem.DriverParameters{RootDirectory: o.Dir, MaxThreads: 100})
	images, err := storage.NewRegistry(context.Background(), files, storage.EnableDelete)
	if err != nil {
		return nil, err
	}
	return &Registry{
		Options: o, driver: files, images: images,
		app:  handlers.NewApp(context.Background(), settings(o.Dir)),
		gate: newGate(),
	}, nil
}

// settings are distribution's: files, and none of the services it could start or call.
func settings(dir string) *configuration.Configuration {
	c := &configuration.Configuration{Storage: configuration.Storage{
		"filesystem":  configuration.Parameters{"rootdirectory": dir},
		"maintenance": configuration.Parameters{"uploadpurging": map[any]any{"enabled": false}}, // Collect does it
		"redirect":    configuration.Parameters{"disable": true},
	}}
	c.Catalog.MaxEntries = 1000
	c.HTTP.Secret = rand.Text() // an upload under way does not outlast the process; clients begin anew
	return c
}

// repositoriesDir is where all repositories' uploads, tags and links lie; it comes with the first push.
func (r *Registry) repositoriesDir() string {
	return filepath.Join(r.Dir, "docker", "registry", "v2", "repositories")
}

func (r *Registry) repositoryDir(service delivery.ServiceID) string {
	return filepath.Join(r.repositoriesDir(), service.Environment, service.Name)
}
