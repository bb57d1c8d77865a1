package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Report is what the lab found.
type Report struct {
	Seed      uint64     `json:"seed"`
	Judges    []About    `json:"judges"`
	Scenarios []Scenario `json:"scenarios"`
	Rows      []Row      `json:"rows"` // by scenario, cell and judge, in the order they were played in
}

// About says whose a judge is.
type About struct {
	Name   string        `json:"name"`
	Source string        `json:"source"`
	Looks  time.Duration `json:"looks"` // how often it looks
}

func newReport(o Options) Report {
	r := Report{Seed: o.Seed, Scenarios: o.Scenarios}
	for _, c := range o.Contestants {
		r.Judges = append(r.Judges, About{c.Name, c.Source, c.Looks})
	}
	return r
}

// Read gives the report that was written to a folder.
func Read(folder string) (r Report, err error) {
	data, err := os.ReadFile(filepath.Join(folder, "bench-judge.json"))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, fmt.Errorf("reading the lab's report: %w", err)
	}
	return r, nil
}

// find gives a judge's row of a cell.
func (r Report) find(scenario string, c Cell, judge string) (Row, bool) {
	for _, row := range r.Rows {
		if row.Scenario == scenario && row.Cell == c && row.Judge == judge {
			return row, true
		}
	}
	return Row{}, false
}

// Write makes the report's files in a folder: bench-judge.json, bench-judge.md and the pictures that it shows.
func (r Report) Write(folder string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("writing the lab's report: %w", err)
	}
	files := map[string][]byte{"bench-judge.json": append(data, '\n'), "bench-judge.md": r.markdown()}
	for _, p := range r.pictures() {
		files[p.file] = p.svg()
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("writing the lab's report: %w", err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return fmt.Errorf("writing the lab's report: %w", err)
		}
	}
	return nil
}
