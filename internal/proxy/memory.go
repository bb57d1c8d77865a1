package proxy

import (
	"runtime"
	"runtime/debug"
)

// A task's proxy is paid for once per task, so the Go half of it trades processor time it does not need for memory.
const (
	gcPercent   = 20       // collect when the heap has grown by a fifth
	memoryLimit = 12 << 20 // bytes of Go heap, stacks and runtime beyond which the collector works harder
)

func staySmall() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}
