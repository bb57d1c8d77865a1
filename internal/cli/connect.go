package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"serin.dev/serin/internal/api"
)

// login is what `serin login` keeps, in a file only the user can read.
type login struct {
	Server string `json:"server"`
	Token  string `json:"token"`
}

// client finds the Serin to ask.
func (c *cli) client() (*api.Client, error) {
	l, err := c.find()
	if err != nil {
		return nil, err
	}
	return &api.Client{URL: l.Server, Token: l.Token}, nil
}

func (c *cli) find() (login, error) {
	said := login{strings.TrimSuffix(cmp.Or(c.server, os.Getenv("SERIN_SERVER")), "/"), cmp.Or(c.token, os.Getenv("SERIN_TOKEN"))}
	if said.Server != "" && said.Token != "" {
		return said, nil
	}
	kept := said
	for _, read := range []func() (login, error){keptLogin, c.localLogin} {
		l, err := read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return login{}, err
		}
		if said.Server != "" && l.Server != said.Server {
			continue // a token is only ever sent to the server it belongs to
		}
		kept = login{cmp.Or(said.Server, l.Server), cmp.Or(said.Token, l.Token)}
		break
	}
	switch {
	case kept.Server == "":
		return login{}, errors.New("no Serin is known here: start one with `serin up`, or name one with `serin login URL`")
	case kept.Token == "":
		return login{}, fmt.Errorf("no token is known for %s: run `serin login %s`, or set SERIN_TOKEN", kept.Server, kept.Server)
	}
	return kept, nil
}

// localLogin reads what a Serin on this machine leaves in its data folder.
func (c *cli) localLogin() (login, error) {
	token, err := os.ReadFile(filepath.Join(c.dataDir(), "token"))
	if err != nil {
		return login{}, err
	}
	address, err := os.ReadFile(filepath.Join(c.dataDir(), "url"))
	if err != nil {
		return login{}, err
	}
	return login{strings.TrimSpace(string(address)), strings.TrimSpace(string(token))}, nil
}

func keptLogin() (login, error) {
	path, err := loginFile()
	if err != nil {
		return login{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return login{}, err
	}
	var l login
	if err := json.Unmarshal(text, &l); err != nil {
		return login{}, fmt.Errorf("%s is damaged (%w): run `serin login` again", path, err)
	}
	return l, nil
}

// loginFile is where `serin login` keeps what it was told.
func loginFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder for settings: %w", err)
	}
	return filepath.Join(dir, "serin", "login.json"), nil
}

// dataDir is the data folder of a Serin on this machine.
func (c *cli) dataDir() string {
	return cmp.Or(c.data, os.Getenv("SERIN_DATA"), defaultData())
}

// defaultData is /var/lib/serin for root, and below the home folder for others.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/serin"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "serin-data"
	}
	return filepath.Join(home, ".local", "share", "serin")
}
