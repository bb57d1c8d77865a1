package yelb_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/samples/yelb"
)

func TestEveryRepositoryIsAMicroservice(t *testing.T) {
	for _, name := range yelb.Names() {
		t.Run(name, func(t *testing.T) {
			files, err := yelb.Repository(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"Dockerfile", "specfiles/build.yml", "specfiles/canary-helper.yaml"} {
				if _, err := fs.Stat(files, file); err != nil {
					t.Error(err)
				}
			}

			content, err := fs.ReadFile(files, "specfiles/deploy.json")
			if err != nil {
				t.Fatal(err)
			}
			var deploy struct{ EnvironmentName, MicroserviceName, Namespace string }
			if err := json.Unmarshal(content, &deploy); err != nil {
				t.Fatal(err)
			}
			if deploy.EnvironmentName != "yelb" || deploy.MicroserviceName != name || deploy.Namespace != "yelb.local" {
				t.Errorf("deploy.json is of %+v", deploy)
			}
		})
	}
}

func TestNoRepositoryKnowsSerin(t *testing.T) {
	for _, name := range yelb.Names() {
		files, err := yelb.Repository(name)
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(files, path)
			if strings.Contains(strings.ToLower(string(content)), "serin") {
				t.Errorf("%s/%s mentions Serin", name, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownRepository(t *testing.T) {
	for _, name := range []string{"", ".", "yelb", "yelb-db/specfiles"} {
		if _, err := yelb.Repository(name); !errors.Is(err, delivery.NotFound) {
			t.Errorf("Repository(%q): %v, want NotFound", name, err)
		}
	}
}
