// Package build turns a commit into an image: it runs the repository's buildspec in a fresh builder container, with
// AWS CodeBuild's semantics, and gives back the artifacts the buildspec names.
//
//	checkout ──tar──▶ builder container ──one exec a command──▶ log (live, kept)
//	                        │ /var/run/docker.sock
//	                        ▼
//	                     [Fence] ──allow-listed calls──▶ Docker ──push──▶ registry
//
// The builder has no socket of the host's Docker. It talks to a [Fence]: build, pull, tag, push and inspect, for
// the service's own repository and for images of no registry, which are kept apart by a prefix. The fence is
// against accidents, not an enemy: a Dockerfile's RUN is executed by the host's Docker, so who may push is trusted
// like who may run docker.
//
// What must always be true:
//   - Nothing of a build outlives it but its image, its log, its artifacts and the layers that are the next one's cache
//     (layers.go): the containers, the socket, the fence's local tags and the registry credential end with it, also when
//     it is cancelled or takes too long.
//   - On the machine's Docker nothing is removed but what has a name of ours: layers with the service's next build,
//     images when no deployment needs them ([Builder.Collect]).
//   - A build holds no state of Serin's: one that was cut off by a crash is run again from the start in a new
//     container, and what the first one left is removed by [Builder.Sweep].
//   - A build that fails because Docker went away, or took the builder with it, fails with delivery.Unavailable: it
//     is to be begun again. What the repository is to blame for is [Failed].
//   - Words of the repository reach a shell only inside the container.
package build
