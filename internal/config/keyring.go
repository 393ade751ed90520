package config

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowgate/rowgate/internal/secret"
)

// keyFile is the name of the generated sealing key, beside the database.
const keyFile = "key"

// Keyring returns the ring of ROWGATE_KEY, or of the key file beside the database, which is made with mode 0600 on the first
// start. It refuses to make a key for a database that exists already: what that one holds could never be opened.
func (c *Config) Keyring() (*secret.Keyring, error) {
	if !c.Key.IsZero() {
		return secret.ParseKeyring(c.Key.Reveal())
	}
	if c.DatabasePath == ":memory:" {
		return secret.ParseKeyring(secret.GenerateKey())
	}
	dir := filepath.Dir(c.DatabasePath)
	path := filepath.Join(dir, keyFile)
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the directory
	if errors.Is(err, fs.ErrNotExist) {
		data, err = c.makeKey(dir, path)
	}
	if err != nil {
		return nil, err
	}
	ring, err := secret.ParseKeyring(strings.TrimSpace(string(data)))
	if err != nil {
		return nil, fmt.Errorf("the key file %s: %w", path, err)
	}
	return ring, nil
}

func (c *Config) makeKey(dir, path string) ([]byte, error) {
	if _, err := os.Stat(c.DatabasePath); err == nil {
		return nil, fmt.Errorf("the database %s exists but its key file %s does not: restore it, or set ROWGATE_KEY", c.DatabasePath, path)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, err
	}
	key := []byte(secret.GenerateKey() + "\n")
	_, err = file.Write(key)
	return key, errors.Join(err, file.Sync(), file.Close())
}

// generated makes a passphrase for one run: 20 letters and digits, 100 bits.
func generated() string { return rand.Text()[:20] }
