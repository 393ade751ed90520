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

// Bounds of the files on disk, in bytes.
const (
	// MaxSpoolBytes bounds the files of all callers that are on their way to Feishu.
	MaxSpoolBytes = 2 << 30
	// MaxSpoolBytesPerApp bounds those of one app. It is the most that one request holds, so that a request alone never fails by it.
	MaxSpoolBytesPerApp = 512 << 20

	spoolStep = 1 << 20 // bytes that are reserved at a time
)

// spool is a file on disk that only this process can read. Feishu needs the size before the content, and the content again
// after a failure, so a stream of unknown length is stored first. It is on disk so that memory stays flat, encrypted with a key
// that exists only in memory so that no part of a row is at rest in clear, and without a name so that it ends with the process.
//
// Write appends; ReadAt may be used from many goroutines once writing has ended.
type spool struct {
	file  *os.File
	block cipher.Block
	nonce [8]byte // the upper half of every counter
	size  int64
	clear []byte // buffer of Write

	owner    string
	shares   *shares
	reserved int64
	failed   error // the error of a Write: one of this service, not of the sender
	named    bool  // the system cannot remove an open file, so Close does it
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
		return nil, fmt.Errorf("attachment: creating a temporary file: %w", err)
	}
	s.named = os.Remove(s.file.Name()) != nil
	return s, nil
}

// Write implements io.Writer. It fails with the problem overloaded when a bound of the disk is reached.
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

// Close removes the file and returns its bytes to the shares.
func (s *spool) Close() {
	_ = s.file.Close() // the content is no longer needed
	if s.named {
		_ = os.Remove(s.file.Name())
	}
	s.shares.give(s.owner, s.reserved)
}

// stream returns the key stream from offset on.
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
