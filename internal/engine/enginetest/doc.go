// Package enginetest holds what every engine must do, as a suite that each one runs ([Run]), and an engine without
// containers that passes it ([Fake]), for tests of those who use an engine.
//
//	func TestEngine(t *testing.T) {
//		enginetest.Run(t, func(t *testing.T) enginetest.Harness { ... })
//	}
//
// The suite speaks of behaviours, not of images: a [Harness] turns a [Behaviour] into a container that behaves so on
// its platform. It waits for the engine's callbacks alone, so an engine that changes something without calling back
// fails it.
package enginetest
