package spec

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

// stores are programs that keep data, by the names of their images.
var stores = map[string]string{
	"postgres": "PostgreSQL", "postgresql": "PostgreSQL", "postgis": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB",
	"redis": "Redis", "valkey": "Valkey", "redis-stack": "Redis", "mongo": "MongoDB", "mongodb": "MongoDB",
	"memcached": "Memcached", "cassandra": "Cassandra", "elasticsearch": "Elasticsearch", "rabbitmq": "RabbitMQ",
}

// storePorts are their ports, which tell something only where the protocol is tcp.
var storePorts = map[int]string{
	5432: "PostgreSQL", 3306: "MySQL", 6379: "Redis", 27017: "MongoDB", 11211: "Memcached", 9042: "Cassandra", 5672: "RabbitMQ",
}

// warn tells what will hurt.
func (l *loader) warn(d Declaration) {
	if store, why := l.dataStore(d); store != "" {
		l.add(dataLoss(d, store, why))
	}
}

// dataStore recognises a service that keeps data: by its port, its Dockerfile or a container's image.
func (l *loader) dataStore(d Declaration) (store, why string) {
	for _, port := range []int{d.Deploy.Port, d.Workload.Port} {
		if store, ok := storePorts[port]; ok && d.Deploy.Protocol == delivery.TCP {
			return store, fmt.Sprintf("tcp port %d", port)
		}
	}
	for _, c := range d.Workload.Containers {
		if store, ok := stores[imageName(c.Image)]; ok {
			return store, "image " + c.Image
		}
	}
	if data, ok := l.read(Dockerfile); ok {
		if image := baseImage(data); stores[imageName(image)] != "" {
			return stores[imageName(image)], "FROM " + image + " in its Dockerfile"
		}
	}
	return "", ""
}

func dataLoss(d Declaration, store, why string) Finding {
	f := d.Deploy
	what := "promoting a new version throws the old one's data away"
	if f.PercentageStep < 100 {
		what = fmt.Sprintf("at first %d %% of the connections would meet an empty store, and %s", f.PercentageStep, what)
	}
	return Finding{
		File: DeployFile, Line: f.Line("PercentageStep"), Subject: "PercentageStep", Kind: specfile.Warning,
		Message: fmt.Sprintf("%s looks like a data store (%s: %s) without a volume: each version starts empty, so %s. Push to it only when its data may go, or keep the data outside",
			f.MicroserviceName, store, why, what),
	}
}

// imageName is an image's last path element without tag and digest.
func imageName(image string) string {
	image = image[strings.LastIndexByte(image, '/')+1:]
	image, _, _ = strings.Cut(image, "@")
	image, _, _ = strings.Cut(image, ":")
	return strings.ToLower(image)
}

// baseImage is what a Dockerfile's last stage begins from.
func baseImage(dockerfile []byte) string {
	image := ""
	for lines := bufio.NewScanner(bytes.NewReader(dockerfile)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || !strings.EqualFold(words[0], "FROM") {
			continue
		}
		for _, w := range words[1:] {
			if !strings.HasPrefix(w, "--") {
				image = w
				break
			}
		}
	}
	return image
}
