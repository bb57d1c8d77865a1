// Package e2e holds stories that drive the real binaries, Docker and git as a user would.
//
//	testdata/*.txtar ──exec serin, git, docker──▶ serin up ──▶ tasks, each with a greeter
//	        └──load──────────────▶ gateway ─────────────────────▶
//
// A story is a script (github.com/rogpeppe/go-internal/testscript). It has a Serin of its own, in a data folder and
// on ports of its own, so that stories run beside each other, beside a demo and beside a Serin in earnest. Whatever
// becomes of a story, its processes, containers, networks and images are removed, and it fails if any is left.
//
// Beside testscript's own commands a story has these; those that wait have a deadline:
//
//	up [FLAG...]                 run `serin up` until it answers; `! up`: it must end by itself, what it said is stderr
//	kill9                        kill it as a power cut would
//	down                         tell it to stop; it must end well
//	load start URL | N | stop    users at work: begin, wait for N more answers, end; no request may ever fail
//	await REGEXP COMMAND...      run the command again and again until its output matches
//	httpget [-token=T] STATUS URL   get an answer, which becomes stdout
//	push DIR MESSAGE [BRANCH]    commit all of a working copy and push it to Serin
//	container kill TASK PART     kill the container that is a part (pause, proxy, app) of a task, by docker kill
//	port take PORT | give PORT   be another program that listens there
//	disk DIR SIZE                mount a small disk there
//
// Its variables: SERVER and GATEWAY are URLs, SERIN_PORT and GATEWAY_PORT their ports, OTHER_PORT is free for anything,
// IMAGE runs the greeter, GREETER is its program, SERIN_DATA is the data folder. serin, git and docker are on the PATH, and HOME is the story's own.
//
// What a script cannot tell is told in Go: the demo, performed, repeated and cleaned up (TestDemo), and faults of
// Docker on a computer within this one, whose processes, mounts and network are its own (TestDockerFaults).
package e2e
