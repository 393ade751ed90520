package telemetry

import (
	"io"
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
	log.SetOutput(Constant(logger, "log"))
}

// Constant returns a writer that logs one constant warning for each line of a library's own logger, named by source.
func Constant(logger *slog.Logger, source string) io.Writer { return constantLog{logger, source} }

type constantLog struct {
	logger *slog.Logger
	source string
}

// Write implements io.Writer.
func (c constantLog) Write(line []byte) (int, error) {
	c.logger.Warn(libraryEvent, slog.String("library", c.source))
	return len(line), nil
}
