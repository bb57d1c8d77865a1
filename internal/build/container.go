package build

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
)

// Labels of builder containers. They are not those of tasks: an engine removes what carries its label and is no task.
const (
	labelInstance = "serin.build.instance"
	labelRun      = "serin.build.run"
)

// box is a running builder container.
type box struct {
	docker *client.Client
	id     string
	shell  string
}

// making is how long Docker may take to make a container.
const making = time.Minute

// start makes the job's builder container and starts it. It waits for nothing: commands are executed in it later.
func (b *Builder) start(ctx context.Context, job Job) (*box, error) {
	name := fmt.Sprintf("serin-%s-build-%d", b.Instance, job.Run)
	if _, err := b.Docker.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true}); err != nil && !isNotFound(err) {
		return nil, away(fmt.Errorf("removing the builder of an earlier try: %w", err))
	}
	unhurried, cancel := context.WithTimeout(context.WithoutCancel(ctx), making) // Docker goes on with it whether the build does or not
	defer cancel()
	created, err := b.Docker.ContainerCreate(unhurried, client.ContainerCreateOptions{
		Name: name,
		Config: &container.Config{
			Image:      b.Image,
			Entrypoint: []string{"sleep", "infinity"},
			WorkingDir: sourceDir,
			Labels:     map[string]string{labelInstance: b.Instance, labelRun: strconv.FormatInt(int64(job.Run), 10)},
		},
		HostConfig: &container.HostConfig{
			Init:        new(true),
			Binds:       []string{b.socketDir(job.Run) + ":" + socketDir},
			SecurityOpt: []string{"no-new-privileges"},
		},
	})
	if errdefs.IsNotFound(err) {
		return nil, delivery.Errorf(delivery.NotFound, "the builder image %s is not there: build or pull it, and push again: %w", b.Image, err)
	}
	if err != nil {
		return nil, away(fmt.Errorf("making the builder container: %w", err))
	}
	x := &box{docker: b.Docker, id: created.ID, shell: interpreter(job.Spec.Shell)}
	if _, err := b.Docker.ContainerStart(ctx, x.id, client.ContainerStartOptions{}); err != nil {
		x.remove()
		return nil, away(fmt.Errorf("starting the builder container: %w", err))
	}
	return x, nil
}

// interpreter is the program that runs the commands: CodeBuild's default is sh.
func interpreter(shell string) string {
	if shell == "bash" {
		return "bash"
	}
	return "sh"
}

// remove ends everything in the container. It has a deadline of its own: the build's may be over.
func (x *box) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, _ = x.docker.ContainerRemove(ctx, x.id, client.ContainerRemoveOptions{Force: true}) // Sweep finds what is left
}

// prepare copies the checkout and the state the wrapper begins with.
func (x *box) prepare(ctx context.Context, checkout, variables string) error {
	state := map[string]string{wrapperFile: wrapper, variablesFile: variables, directoryFile: sourceDir + "\n"}
	if err := x.upload(ctx, func(w *tar.Writer) error {
		for _, name := range []string{sourceDir, stateDir} {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name[1:], Mode: 0o755}); err != nil {
				return err
			}
		}
		for name, text := range state {
			if err := writeFile(w, name, text); err != nil {
				return err
			}
		}
		return addTree(w, checkout, sourceDir[1:])
	}); err != nil {
		return lost(fmt.Errorf("copying the source into the builder: %w", err))
	}
	return nil
}

// upload streams a tar archive to the container's root.
func (x *box) upload(ctx context.Context, fill func(*tar.Writer) error) error {
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		err := fill(archive)
		if err == nil {
			err = archive.Close()
		}
		w.CloseWithError(err)
	}()
	_, err := x.docker.CopyToContainer(ctx, x.id, client.CopyToContainerOptions{DestinationPath: "/", Content: r})
	r.CloseWithError(err) // ends the writer if Docker stopped reading
	return err
}

func writeFile(w *tar.Writer, name, text string) error {
	if err := w.WriteHeader(&tar.Header{Name: name[1:], Mode: 0o600, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := io.WriteString(w, text)
	return err
}

// addTree adds a folder's contents under prefix, links as links.
func addTree(w *tar.Writer, dir, prefix string) error {
	return filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var link string
		if info.Mode()&os.ModeSymlink != 0 {
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		header.Name = filepath.ToSlash(filepath.Join(prefix, rel))
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
		if err := w.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(w, file)
		return err
	})
}

// vanishes tells whether a command was killed because the whole container is: the commands end a little before it.
func (x *box) vanishes(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	over := x.docker.ContainerWait(ctx, x.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-over.Result:
		return true
	case err := <-over.Error:
		return errdefs.IsNotFound(err)
	}
}

// lives tells whether the container still runs.
func (x *box) lives(ctx context.Context) bool {
	seen, err := x.docker.ContainerInspect(ctx, x.id, client.ContainerInspectOptions{})
	return err == nil && seen.Container.State.Running
}

// artifacts copies what the buildspec names out of the container.
func (x *box) artifacts(ctx context.Context, want buildspec.Artifacts, dir string, log io.Writer) error {
	if len(want.Files) == 0 {
		return nil
	}
	// base-directory may be a pattern or a variable: the builder's own shell says what it is.
	base := sourceDir
	if want.BaseDirectory != "" {
		var out bytes.Buffer
		status, err := x.run(ctx, `cd "$CODEBUILD_SRC_DIR" && cd `+want.BaseDirectory+` && pwd`, true, &out)
		if err != nil {
			return err
		}
		if status != 0 {
			return Failed{fmt.Sprintf("artifacts: the base-directory %q is not there after the build", want.BaseDirectory)}
		}
		base = string(bytes.TrimSpace(out.Bytes()))
	}
	content, err := x.docker.CopyFromContainer(ctx, x.id, client.CopyFromContainerOptions{SourcePath: base + "/."})
	if errdefs.IsNotFound(err) && x.lives(ctx) {
		return Failed{fmt.Sprintf("artifacts: %s is not there after the build", base)}
	}
	if err != nil {
		return lost(fmt.Errorf("reading the artifacts from the builder: %w", err))
	}
	defer content.Content.Close()
	return extract(content.Content, want, dir, log)
}
