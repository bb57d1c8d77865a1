package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// containerCommand kills a part of a task behind Serin's back.
func containerCommand(c call) error {
	if len(c.args) != 3 || c.args[0] != "kill" || c.neg {
		return errors.New("usage: container kill TASK PART")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	instance, err := c.instance()
	if err != nil {
		return err
	}
	out, err := c.command(ctx, "docker", "ps", "--quiet", "--filter", "label=serin.instance="+instance,
		"--filter", "label=serin.task="+c.args[1], "--filter", "label=serin.part="+c.args[2]).Output()
	if err != nil {
		return fmt.Errorf("docker ps: %w", err)
	}
	ids := strings.Fields(string(out))
	if len(ids) != 1 {
		return fmt.Errorf("task %s has %d running containers that are its %s, not one", c.args[1], len(ids), c.args[2])
	}
	fmt.Fprintln(c.Stdout(), ids[0])
	return c.command(ctx, "docker", "kill", ids[0]).Run()
}
