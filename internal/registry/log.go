package registry

import (
	"io"
	"log/slog"

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

type hook struct{ logger *slog.Logger }

// Levels are those passed on.
func (hook) Levels() []logrus.Level {
	return []logrus.Level{logrus.ErrorLevel, logrus.FatalLevel, logrus.PanicLevel}
}

// Fire passes one on.
func (h hook) Fire(e *logrus.Entry) error {
	detail, code := e.Data["err.detail"], e.Data["err.code"]
	h.logger.Warn("registry: "+e.Message, "code", code, "detail", detail, "uri", e.Data["http.request.uri"])
	return nil
}
