// Package layout holds the tests that keep the module's packages in their places. It has no code to import.
//
//	leaves     delivery ◀── workload, evidence, topology
//	              ▲
//	domain     rollout, pipeline, build, analysis, mesh, …      ports.go says what each needs of the world
//	              ▲
//	adapters   engine/*  store/*  source  registry  mesh/xds    one a technology
//	              ▲
//	app        knows every package: it wires them and runs them
//
// What must always be true:
//
//   - Leaves import leaves, and nothing else of ours: everybody shares their words, so they pull nothing in.
//   - Adapters import leaves, and the few packages whose words they keep or speak (the table in rules_test.go),
//     but never each other, not even in their tests: each can be replaced by another of its kind.
//   - Only app imports adapters, so that nothing else depends on a technology. Tests may use what they test.
//   - Conformance suites (enginetest, storetest and the like) are imported by tests and by other suites only.
//   - No package is named util, common, helpers, types, models, base or pkg: such a name says nothing of what is in it.
//   - Every package under internal has a package comment and a test. Generated code needs no test, and a suite is
//     itself one.
//
// A rule that stands in the way of a good design is changed here, in the open, with the code that needs it.
package layout
