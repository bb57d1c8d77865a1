package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// push commits all of a working copy and pushes it to its remote named serin; what git said becomes stderr.
func push(c call) error {
	if len(c.args) != 2 && len(c.args) != 3 {
		return errors.New("usage: push DIR MESSAGE [BRANCH]")
	}
	branch := "main"
	if len(c.args) == 3 {
		branch = c.args[2]
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, words := range []string{"add --all", "commit --quiet --allow-empty --message", "push serin HEAD:" + branch} {
		args := append([]string{"-C", c.MkAbs(c.args[0])}, strings.Fields(words)...)
		if args[2] == "commit" {
			args = append(args, c.args[1])
		}
		out, err := c.command(ctx, "git", args...).CombinedOutput()
		_, _ = c.Stderr().Write(out)
		switch pushing := args[2] == "push"; {
		case err != nil && !(pushing && c.neg):
			return fmt.Errorf("git %s: %w\n%s", args[2], err, out)
		case err == nil && pushing && c.neg:
			return fmt.Errorf("git push succeeded:\n%s", out)
		}
	}
	return nil
}
