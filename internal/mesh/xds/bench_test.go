package xds

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// BenchmarkShift measures from the declaration of new weights to the last acknowledgement, with real Envoys.
func BenchmarkShift(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprintf("envoys=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.service("shop", delivery.HTTP, 1)
			for i := range n {
				w.task(taskID("front", 1, i), delivery.HTTP)
			}
			for number := 1; number <= 2; number++ { // endpoints without a proxy: nothing is asked of them
				w.env.Tasks = append(w.env.Tasks, topology.Task{ID: taskID("shop", number, 0), Port: appPort, Protocol: delivery.HTTP})
			}
			w.shiftAndWait("shop", delivery.All(1), 1, 1, 2)
			w.configured()
			var took []time.Duration
			percent := 0
			for b.Loop() {
				percent = percent%99 + 1
				began := time.Now()
				w.shiftAndWait("shop", delivery.Split(1, 2, percent), 1, 1, 2)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/p50")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms/p99")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms/max")
		})
	}
}
