package registry

import (
	"context"
	"io"
	"log/slog"

	"github.com/distribution/distribution/v3/registry/api/errcode"
	"github.com/sirupsen/logrus"
)

// adoptLog passes on what distribution logs as an error, and drops the rest: a line a request.
func adoptLog(logger *slog.Logger) {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.ErrorLevel)
	hooks := logrus.LevelHooks{}
	hooks.Add(hook{logger})
	logrus.StandardLogger().ReplaceHooks(hooks)
}

// closedAlready is said of each layer that a client sent in one piece.
const closedAlready = "error closing blobwriter: already closed"

type hook struct{ logger *slog.Logger }

// Levels are those passed on.
func (hook) Levels() []logrus.Level {
	return []logrus.Level{logrus.ErrorLevel, logrus.FatalLevel, logrus.PanicLevel}
}

// Fire passes one on.
func (h hook) Fire(e *logrus.Entry) error {
	detail, code := e.Data["err.detail"], e.Data["err.code"]
	level := slog.LevelWarn
	if code == errcode.ErrorCodeBlobUnknown || code == errcode.ErrorCodeManifestUnknown || e.Message == closedAlready {
		level = slog.LevelDebug // every push asks for what is not there yet, and closes what it has finished
	}
	h.logger.Log(context.Background(), level, "registry: "+e.Message, "code", code, "detail", detail, "uri", e.Data["http.request.uri"])
	return nil
}
