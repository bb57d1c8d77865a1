package enginetest_test

import (
	"encoding/json"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/enginetest"
	"serin.dev/serin/internal/workload"
)

func TestFake(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) enginetest.Harness {
		changed := make(chan struct{}, 1)
		fake := enginetest.NewFake(func(string) {
			select {
			case changed <- struct{}{}:
			default:
			}
		})
		return enginetest.Harness{
			Engine:  fake,
			Changed: changed,
			Restart: func(*testing.T) enginetest.Engine { fake.Restart(); return fake },
			Container: func(name string, b enginetest.Behaviour) workload.Container {
				text, err := json.Marshal(b)
				if err != nil {
					t.Fatal(err)
				}
				image := "fake/" + name + string(text)
				fake.Behave(image, b)
				c := workload.Container{Name: name, Image: image}
				if b.Starved {
					c.Memory = enginetest.MemoryLimit
				}
				return c
			},
			Kill: func(_ *testing.T, task delivery.TaskID, part enginetest.Part, container string) {
				fake.Kill(task, part, container)
			},
			Runs: func(_ *testing.T, task delivery.TaskID) enginetest.Runs { return fake.Runs(task) },
			Logs: func(_ *testing.T, d delivery.DeploymentID) string { return fake.Logs(d) },
			Away: func(_ *testing.T, away bool) { fake.Away(away) },
		}
	})
}
