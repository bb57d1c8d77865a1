package rollout

import (
	"context"
	"maps"
	"slices"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Told is an interval that a rollout's judge was told.
type Told struct {
	Rollout  delivery.RolloutID
	Interval evidence.Interval
}

// keep notes an interval to be stored.
func (c *Recorder) keep(id delivery.RolloutID, iv evidence.Interval) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, Told{id, iv})
}

// saveTold stores what judges were told; what could not be stored is tried again, up to a bound. An interval that is
// lost is told again after a restart, as part of a longer one.
func (c *Recorder) saveTold(ctx context.Context) {
	c.mu.Lock()
	batch := c.told
	c.told = nil
	c.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	if err := c.store.SaveIntervals(ctx, batch); err != nil {
		c.log.Warn("what judges were told is not stored, and will be tried again", "intervals", len(batch), "error", err)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(batch, c.told...)
		c.told = c.told[max(0, len(c.told)-maxUnsaved/10):]
	}
}

// record is how a deployment did until now.
func (c *Recorder) record(id delivery.DeploymentID) evidence.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records[id].Record
}

// follow adds what was counted since the last call to the records of all living deployments.
func (c *Recorder) follow() {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	totals := map[delivery.DeploymentID]evidence.Counts{}
	for key, all := range c.series {
		if key.Side == evidence.Caller && len(all) > 0 {
			totals[key.Deployment] = totals[key.Deployment].Add(all[len(all)-1].Counts)
		}
	}
	for _, n := range c.needs {
		for _, id := range n.live {
			if total, counted := totals[id]; counted {
				c.records[id] = c.records[id].Follow(now, total)
			}
		}
	}
	maps.DeleteFunc(c.records, func(id delivery.DeploymentID, _ evidence.Standing) bool {
		n, known := c.needs[id.Service.Environment]
		return known && !slices.Contains(n.live, id)
	})
}

func (c *Recorder) saveRecords(ctx context.Context) {
	c.mu.Lock()
	records := maps.Clone(c.records)
	c.mu.Unlock()
	if err := c.store.SaveRecords(ctx, records); err != nil {
		c.log.Warn("the records of stable deployments are not stored, and will be tried again", "error", err)
	}
}
