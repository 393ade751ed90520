package telemetry

import (
	"log"
	"log/slog"
)

// libraryEvent is all that is logged of a line that a library wrote. net/http's client and server show the beginnings of what
// they received, which may be rows and tokens.
const libraryEvent = "a library logged an event; its text is left out, since it may hold content"

// QuietStandardLog makes the process-wide logger of package log write a constant to logger in place of what libraries say. It
// concerns the whole process; the last call holds.
func QuietStandardLog(logger *slog.Logger) {
	log.SetFlags(0)
	log.SetPrefix("")
	log.SetOutput(constantLog{logger, "log"})
}

// LibraryLogger returns what a library takes that wants a *log.Logger of its own: it logs one constant warning to logger for each
// line, named by source.
func LibraryLogger(logger *slog.Logger, source string) *log.Logger {
	return log.New(constantLog{logger, source}, "", 0)
}

type constantLog struct {
	logger *slog.Logger
	source string
}

// Write implements io.Writer.
func (c constantLog) Write(line []byte) (int, error) {
	c.logger.Warn(libraryEvent, slog.String("library", c.source))
	return len(line), nil
}
