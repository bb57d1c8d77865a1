package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// await runs a command until its output, standard error included, matches.
func await(c call) error {
	if len(c.args) < 2 || c.neg {
		return fmt.Errorf("usage: await REGEXP COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + c.args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		cmd := c.command(ctx, c.args[1], c.args[2:]...)
		out, _ := cmd.CombinedOutput() // it may fail until what is awaited is there
		if want.Match(out) {
			_, err := c.Stdout().Write(out)
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%q never came; the last output:\n%s", c.args[0], out)
		case <-tick.C:
		}
	}
}

// command is a command as exec would run it.
func (c call) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if name == "serin" {
		cmd.Path, cmd.Err = c.serin, nil
	}
	cmd.Dir, cmd.Env = c.MkAbs("."), c.env
	return cmd
}

// httpGet gets an answer, whose status must be as said.
func httpGet(c call) error {
	token := ""
	if len(c.args) > 0 {
		if said, ok := strings.CutPrefix(c.args[0], "-token="); ok {
			token, c.args = said, c.args[1:]
		}
	}
	if len(c.args) != 2 || c.neg {
		return fmt.Errorf("usage: httpget [-token=TOKEN] STATUS URL")
	}
	want, err := strconv.Atoi(c.args[0])
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, c.args[1], nil)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	_, _ = c.Stdout().Write(text)
	if answer.StatusCode != want {
		return fmt.Errorf("%s answered %s, not %d: %s", c.args[1], answer.Status, want, text)
	}
	return nil
}
