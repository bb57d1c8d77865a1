package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The journal is a folder in the repository with a file a push. git's hook reference-transaction keeps it:
//
//	prepared   the ref is locked, its old value checked ─▶ <seq>.prepared is written and synced
//	           git moves the ref
//	committed  before git tells the client              ─▶ renamed to <seq>.push
//	aborted                                             ─▶ removed
//
// (post-receive would be too late: git reports success before it runs. pre-receive would be too early: the push may
// still fail, and two pushes may pass it at once.)
//
// Whoever is killed in between leaves a prepared entry. Since entries are prepared under the ref's lock, and each
// preparation first settles what it finds, at most one entry of a ref is unsettled and nobody has moved the ref since
// it was prepared but its own push. So the ref tells: it stands at the entry's new commit if and only if that push
// happened. The same test serves those who only read, at any time and without a lock: an entry whose ref stands
// elsewhere is either still on its way or dead, and is left to its own push or to the next one.
const journalDir = "serin-journal"

const (
	prepared = ".prepared"
	pushed   = ".push"
)

// entry is one push in the journal.
type entry struct {
	seq    int64 // ascending within a repository; Unix nanoseconds, unless the clock went back
	Ref    string
	Old    string // "" when the branch was new
	New    string
	Pusher string
	At     time.Time
	// Process is the id of the git process that moves the ref. Its hooks settle its own entry and no other's: the
	// lock is gone by "committed", and the next push may have prepared its own by then.
	Process int
}

func (e entry) file(state string) string { return fmt.Sprintf("%020d%s", e.seq, state) }

// journal is the folder of one repository.
type journal struct{ dir string }

// prepare writes an entry that may still not happen.
func (j journal) prepare(e entry) error {
	if err := os.Mkdir(j.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	all, err := j.list(prepared, pushed)
	if err != nil {
		return err
	}
	e.seq = e.At.UnixNano()
	if len(all) > 0 {
		e.seq = max(e.seq, all[len(all)-1].seq+1)
	}
	content, err := json.Marshal(e)
	if err != nil {
		return err
	}
	fresh, err := os.CreateTemp(j.dir, "new-")
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	_, err = fresh.Write(content)
	err = errors.Join(err, fresh.Sync(), fresh.Close())
	if err != nil {
		return err
	}
	// Linked rather than renamed: a push to another ref may have taken the number in the meantime.
	for ; ; e.seq++ {
		err := os.Link(fresh.Name(), filepath.Join(j.dir, e.file(prepared)))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return errors.Join(err, j.sync())
	}
}

// settle decides about the prepared entries of a ref that the filter picks: those that happened are to be delivered,
// the others are removed.
func (j journal) settle(ref string, picked func(entry) bool, happened bool) error {
	entries, err := j.list(prepared)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Ref != ref || !picked(e) {
			continue
		}
		if happened {
			err = j.promote(e)
		} else {
			err = j.remove(e, prepared)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// promote marks an entry as one that happened. Another may have done so at the same time.
func (j journal) promote(e entry) error {
	err := os.Rename(filepath.Join(j.dir, e.file(prepared)), filepath.Join(j.dir, e.file(pushed)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, j.sync())
}

func (j journal) remove(e entry, state string) error {
	err := os.Remove(filepath.Join(j.dir, e.file(state)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, j.sync())
}

// list gives the entries in any of the states, ascending.
func (j journal) list(states ...string) ([]entry, error) {
	files, err := os.ReadDir(j.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var entries []entry
	for _, f := range files {
		name, state := f.Name(), filepath.Ext(f.Name())
		seq, err := strconv.ParseInt(strings.TrimSuffix(name, state), 10, 64)
		if err != nil || !slices.Contains(states, state) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(j.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // settled or delivered just now
		}
		e := entry{seq: seq}
		if err == nil {
			err = json.Unmarshal(content, &e)
		}
		if err != nil {
			return nil, fmt.Errorf("journal entry %s: %w", name, err)
		}
		entries = append(entries, e)
	}
	return entries, nil // the names have a fixed width: their order is the numbers'
}

// sync makes the folder's names durable.
func (j journal) sync() error {
	dir, err := os.Open(j.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
