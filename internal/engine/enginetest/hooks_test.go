package enginetest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/enginetest"
	"serin.dev/serin/internal/workload"
)

// TestFakeHooks shows what a test can let happen to a Fake, by synctest's clock.
func TestFakeHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		fake := enginetest.NewFake(func(string) { calls++ })
		id := delivery.DeploymentID{Service: delivery.ServiceID{Environment: "e", Name: "s"}, Number: 1}
		task := delivery.TaskID{Deployment: id}
		env := func(g delivery.Generation, images ...string) workload.Environment {
			e := workload.Environment{Name: "e", Generation: g}
			for _, image := range images {
				e.Deployments = append(e.Deployments, workload.Deployment{ID: id, Workload: workload.Workload{
					Replicas: 1, Containers: []workload.Container{{Name: "app", Image: image, Essential: true}},
				}})
			}
			return e
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		expect := func(state workload.State, alive bool, restarts int) {
			t.Helper()
			synctest.Wait()
			seen, err := fake.Observe(t.Context(), "e")
			must(err)
			if len(seen.Tasks) != 1 || seen.Tasks[0].State != state || seen.Tasks[0].ProxyAlive != alive || seen.Tasks[0].Restarts != restarts {
				t.Fatalf("seen %+v; want %s, proxy alive %t, %d restarts", seen.Tasks, state, alive, restarts)
			}
		}

		fake.Behave("slow", enginetest.Behaviour{Starts: time.Minute})
		must(fake.Declare(t.Context(), env(1, "slow")))
		expect(workload.Starting, true, 0)
		time.Sleep(time.Minute)
		expect(workload.Running, true, 0)

		fake.Behave("bad", enginetest.Behaviour{Ends: true, Status: 1})
		must(fake.Declare(t.Context(), env(2, "bad")))
		expect(workload.Failed, true, 0)
		time.Sleep(2 * fake.Backoff)
		expect(workload.Failed, true, 2)

		fake.Behave("none", enginetest.Behaviour{NoImage: true})
		must(fake.Declare(t.Context(), env(3, "none")))
		expect(workload.Failed, false, 0)

		must(fake.Declare(t.Context(), env(4, "good")))
		expect(workload.Running, true, 0)
		fake.Fail(task, "because")
		expect(workload.Failed, true, 0)
		fake.Mend(task)
		expect(workload.Running, true, 0)

		fake.Away(true)
		if _, err := fake.Observe(t.Context(), "e"); !errors.Is(err, delivery.Unavailable) {
			t.Errorf("a platform that is away: %v", err)
		}
		fake.Away(false)

		fake.Linger(true)
		must(fake.Declare(t.Context(), env(5)))
		expect(workload.Removing, true, 0)
		fake.Linger(false)
		if seen, _ := fake.Observe(t.Context(), "e"); len(seen.Tasks) > 0 {
			t.Errorf("left: %+v", seen.Tasks)
		}
		if calls == 0 {
			t.Error("the callback was never called")
		}
	})
}
