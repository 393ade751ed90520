package pgtest

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is an unprivileged user: PostgreSQL refuses to run as root.
type account struct{ uid, gid int }

// unprivileged returns the account for the server: postgres, else nobody, if this process is root's; nil if it is not.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no account: the test's own user
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		if found, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	return &account{uid: uid, gid: gid}, errors.Join(uidErr, gidErr)
}

// attributes start a process as the account, in a session of its own: a Ctrl-C at the terminal is not for it.
func (a *account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // user ids are 32 bits
	}
	return attributes
}

// watchmanScript waits for the end of its input, which is the end of the test binary; it stops the server in directory $1, if it runs,
// and deletes the directory.
const watchmanScript = `
trap '' INT TERM HUP
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  kill -CONT "$pid" 2>/dev/null
  n=0
  while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
`

// watchman is the process that outlives the test binary.
type watchman struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// watch starts the watchman of a cluster's directory.
func watch(dir string) (*watchman, error) {
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", watchmanScript, "watchman", dir) //nolint:gosec // a test's own
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watchman{cmd: cmd, stdin: stdin}, nil
}

// end has the watchman do its work, and waits for it.
func (w *watchman) end() error {
	return errors.Join(w.stdin.Close(), w.cmd.Wait())
}
