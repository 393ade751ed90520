package attachment

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of what is on disk, in bytes.
const (
	// MaxSpoolBytes bounds the files of all callers that are on their way to Feishu.
	MaxSpoolBytes = 2 << 30
	// MaxSpoolBytesPerApp bounds those of one app: what one request can hold at worst, so that no request fails by itself.
	MaxSpoolBytesPerApp = 512 << 20

	spoolStep = 1 << 20 // bytes that are reserved at a time
)

// spool is a file on disk that only this process can read. Feishu wants the size before the content and again the content
// after a failure, so a stream of unknown length has to lie somewhere: on disk, that memory stays flat; under a key that
// exists only in memory, that nothing of a row is ever at rest in clear; and without a name, that it is gone with the process.
//
// Write appends; ReadAt may be used from many goroutines once writing has ended.
type spool struct {
	file  *os.File
	block cipher.Block
	nonce [8]byte // the upper half of every counter
	size  int64
	clear []byte // scratch of Write

	owner    string
	shares   *shares
	reserved int64
	failed   error // what stopped a Write: ours, not the sender's
	named    bool  // the system removes no open files; Close does it
}

func newSpool(dir, owner string, shares *shares) (*spool, error) {
	var key [32]byte
	s := &spool{owner: owner, shares: shares}
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the process first
	_, _ = rand.Read(s.nonce[:])
	var err error
	if s.block, err = aes.NewCipher(key[:]); err != nil {
		return nil, fmt.Errorf("attachment: %w", err)
	}
	if s.file, err = os.CreateTemp(dir, "rowgate-*"); err != nil {
		return nil, fmt.Errorf("attachment: no room for files: %w", err)
	}
	s.named = os.Remove(s.file.Name()) != nil
	return s, nil
}

// Write implements io.Writer. It fails with overloaded past a bound of the disk.
func (s *spool) Write(p []byte) (int, error) {
	for s.size+int64(len(p)) > s.reserved {
		if !s.shares.take(s.owner, spoolStep) {
			s.failed = overloaded()
			return 0, s.failed
		}
		s.reserved += spoolStep
	}
	s.clear = append(s.clear[:0], p...)
	s.stream(s.size).XORKeyStream(s.clear, s.clear)
	n, err := s.file.Write(s.clear)
	s.size += int64(n)
	if err != nil {
		s.failed = fmt.Errorf("attachment: writing a file: %w", err)
	}
	return n, s.failed
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.file.ReadAt(p, offset)
	if n > 0 {
		s.stream(offset).XORKeyStream(p[:n], p[:n])
	}
	return n, err
}

// Close removes the file and gives its room back.
func (s *spool) Close() {
	_ = s.file.Close() // nothing of it is needed any more
	if s.named {
		_ = os.Remove(s.file.Name())
	}
	s.shares.give(s.owner, s.reserved)
}

// stream is the key stream from offset on.
func (s *spool) stream(offset int64) cipher.Stream {
	var counter, skipped [aes.BlockSize]byte
	copy(counter[:], s.nonce[:])
	binary.BigEndian.PutUint64(counter[len(s.nonce):], uint64(offset/aes.BlockSize)) //nolint:gosec // an offset is never negative
	stream := cipher.NewCTR(s.block, counter[:])
	skip := skipped[:offset%aes.BlockSize]
	stream.XORKeyStream(skip, skip)
	return stream
}

func overloaded() error {
	return problem.New(problem.Overloaded, problem.Text{
		ZH: "正在处理的附件太多，请稍后重试。",
		EN: "Too many attachments are being handled at the moment; try again later.",
	})
}
