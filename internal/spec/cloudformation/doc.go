// Package cloudformation evaluates a canary-helper.yaml, the CloudFormation template of one version of a service, and
// gives what it means outside AWS: a workload.Workload.
//
//	YAML nodes ──evaluator──▶ values ──one reader a resource type──▶ service, task, virtual node ──assemble──▶ Workload
//
// The evaluator knows parameters, mappings, conditions, pseudo parameters and the intrinsics, short, long and nested.
// What only AWS could tell (an import, an attribute, the physical name of a resource) evaluates to a placeholder that
// goes through every intrinsic, and is an error only where its value matters: a subnet may be unknown, an image may not.
//
// What always holds: an unknown resource type or intrinsic is an error, never passed over; every error has its line;
// all are told at once; no template makes Evaluate panic, or use more than bounded time and memory.
package cloudformation
