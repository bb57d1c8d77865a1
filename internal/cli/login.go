package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"serin.dev/serin/internal/api"
)

func (c *cli) loginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login URL",
		Short: "Keep a token for a Serin, for this command and for git",
		Long:  "Keep a token for a Serin in a file only you can read, and tell git to ask this command for it.\nThe token is --token, SERIN_TOKEN, or is asked for.",
		Args:  exactly("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := url.Parse(args[0])
			if err != nil || server.Host == "" || strings.Trim(server.Path, "/") != "" || server.User != nil || (server.Scheme != "http" && server.Scheme != "https") {
				return usage{fmt.Errorf("%q is no URL of a Serin: write http://HOST:PORT", args[0])}
			}
			token, err := c.askToken(cmd)
			if err != nil {
				return err
			}
			l := login{Server: serverURL(server), Token: token}
			client := api.Client{URL: l.Server, Token: l.Token}
			if err := client.Do(cmd.Context(), http.MethodGet, "/api/v1/version", nil, nil); err != nil {
				return err
			}
			if err := keep(l); err != nil {
				return err
			}
			if err := setCredentialHelper(cmd, l.Server); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "logged in to %s; git asks serin for the token\n", l.Server)
			return err
		},
	}
	cmd.AddCommand(c.credential())
	return cmd
}

// serverURL writes a Serin's URL as git does when it asks for the credential of a host.
func serverURL(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

func (c *cli) askToken(cmd *cobra.Command) (string, error) {
	if said := cmp.Or(c.token, os.Getenv("SERIN_TOKEN")); said != "" {
		return said, nil
	}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "token: ")
		secret, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return strings.TrimSpace(string(secret)), err
	}
	lines := bufio.NewScanner(cmd.InOrStdin())
	if !lines.Scan() || strings.TrimSpace(lines.Text()) == "" {
		return "", errors.New("no token: set SERIN_TOKEN, or write it to standard input")
	}
	return strings.TrimSpace(lines.Text()), nil
}

// keep writes the login so that no other user can read it, at no moment.
func keep(l login) error {
	path, err := loginFile()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// setCredentialHelper lets git ask this very program for the token of this server alone.
func setCredentialHelper(cmd *cobra.Command, server string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	helper := "!'" + strings.ReplaceAll(self, "'", `'\''`) + "' login credential" // git gives it to a shell
	git := exec.CommandContext(cmd.Context(), "git", "config", "--global", "--replace-all", "credential."+server+".helper", helper)
	if out, err := git.CombinedOutput(); err != nil {
		return fmt.Errorf("telling git where the token is: %w: %s", err, out)
	}
	return nil
}

// credential is git's credential helper (gitcredentials(7)): it answers "get" with the kept token.
func (c *cli) credential() *cobra.Command {
	return &cobra.Command{
		Use: "credential get|store|erase", Hidden: true, Args: exactly("operation"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "get" {
				return nil
			}
			asked := map[string]string{}
			for lines := bufio.NewScanner(cmd.InOrStdin()); lines.Scan() && lines.Text() != ""; {
				key, value, _ := strings.Cut(lines.Text(), "=")
				asked[key] = value
			}
			l, err := c.find()
			if err != nil || l.Server != strings.ToLower(asked["protocol"]+"://"+asked["host"]) {
				return nil // another server: git asks elsewhere
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "username=serin\npassword=%s\n", l.Token)
			return err
		},
	}
}
