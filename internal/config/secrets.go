package config

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

const (
	memory      = ":memory:" // a database that ends with the process, for tests
	keyFileName = "key"      // beside the database

	dirMode  = 0o700
	fileMode = 0o600
)

// database returns what the URL names, nothing if it is wrong. The URL is not shown: it may hold a password.
func (l *loader) database(name string) Database {
	text := l.secret(name).Reveal()
	if text == "" {
		text = DefaultDatabase
	}
	scheme, path, _ := strings.Cut(text, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		if u, err := url.Parse(text); err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
			l.refuse(name, "应为 postgres://用户:密码@主机:端口/库名；密码里的特殊字符要按 URL 编码。",
				"It must be postgres://user:password@host:port/database; special characters of the password are percent-encoded.")
			return Database{}
		}
		return Database{Postgres: secret.New(text)}
	case scheme != "sqlite":
		l.refuse(name, "不是 sqlite:路径，也不是 postgres:// 地址。例如 %s。", "It is neither sqlite:PATH nor postgres://…. Example: %s.",
			DefaultDatabase)
	case path == "" || strings.HasPrefix(path, "//") || strings.Contains(path, "?"):
		l.refuse(name, "sqlite: 后面必须是文件路径，不带 // 或 ?。例如 sqlite:/data/rowgate.db。",
			"sqlite: must be followed by a file path without // or ?. Example: sqlite:/data/rowgate.db.")
	default:
		return Database{Path: path}
	}
	return Database{}
}

// passphrases returns those that are set; none on loopback means that create makes one.
func (l *loader) passphrases(name, listen string) tenant.Passphrases {
	text := l.secret(name)
	if !text.IsZero() {
		passphrases, wrong := tenant.ParsePassphrases(text)
		for _, one := range wrong {
			l.refuse(name, one.ZH, one.EN)
		}
		return passphrases
	}
	if !l.isSet(name) && listen != "" && !isLoopback(listen) {
		l.refuse(name, "其他机器可以访问 %s，因此必须设置调用口令。例如 workflow:一个长的随机值。",
			"%s is reachable from other machines, so call passphrases must be set. Example: workflow:a-long-random-value.", listen)
	}
	return nil
}

// keyring returns the ring of the variable, else of the key file beside the database; nil if there is neither, so that create
// makes a key. It refuses a lost key: what the database holds could never be opened with a new one.
func (l *loader) keyring(name string, where Database) *secret.Keyring {
	text, database := l.secret(name), where.Path
	if text.IsZero() {
		if !where.Postgres.IsZero() && !l.isSet(name) {
			l.refuse(name, "使用 PostgreSQL 时必须设置密钥，所有实例用同一个：用 openssl rand -base64 32 生成。",
				"PostgreSQL requires a key, the same at all instances: for example from openssl rand -base64 32.")
		}
		if l.isSet(name) || database == "" || database == memory {
			return nil
		}
		key, err := readSecretFile(keyFile(database))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if isForeign(database) {
				l.refuse("ROWGATE_DATABASE_URL", "%s 不是本程序的数据库。请换一个路径。", "%s is not a database of this program. Choose another path.",
					database)
				return nil
			}
			if _, err := os.Stat(database); err == nil {
				l.refuse(name, "数据库 %s 已存在，但它的密钥文件 %s 不存在。请恢复该文件或设置原来的密钥。",
					"The database %s exists, but its key file %s does not. Restore the file, or set the key that was used.", database, keyFile(database))
			}
			return nil
		case errors.Is(err, syscall.ENOTDIR):
			l.refuse("ROWGATE_DATABASE_URL", "%s 所在的路径不是目录。", "What %s lies in is not a directory.", database)
			return nil
		case err != nil:
			l.refuse(name, "无法读取密钥文件：%v。", "The key file cannot be read: %v.", err)
			return nil
		}
		text = secret.New(key)
	}
	keyring, err := secret.ParseKeyring(text.Reveal())
	if err != nil {
		l.refuse(name, "密钥应是 32 字节的 base64，用 openssl rand -base64 32 生成（%v）。",
			"A key must be 32 bytes in base64, for example from openssl rand -base64 32 (%v).", err)
		return nil
	}
	return keyring
}

// create makes the passphrase and the key that a first start needs.
func (l *loader) create(c *Config) {
	if len(c.Passphrases) == 0 {
		c.GeneratedPassphrase = secret.New(rand.Text())
		c.Passphrases = tenant.Passphrases{tenant.NewPassphrase(tenant.DefaultName, c.GeneratedPassphrase)}
	}
	if c.Keyring != nil {
		return
	}
	key := secret.GenerateKey()
	keyring, err := secret.ParseKeyring(key)
	if err == nil && c.Database.Path != memory {
		err = writeKey(keyFile(c.Database.Path), key)
	}
	if err != nil {
		l.refuse("ROWGATE_DATABASE_URL", "数据库所在目录无法写入，新密钥也要放在那里：%v。请换一个可写的路径。",
			"The directory of the database, where the new key goes too, cannot be written: %v. Choose a path that can be.", err)
		return
	}
	c.Keyring = keyring
}

// sqliteHeader begins every file of SQLite. Source: https://www.sqlite.org/fileformat.html#magic_header_string
const sqliteHeader = "SQLite format 3\x00"

// isForeign reports whether there is a file that is no SQLite database. An empty one may become one.
func isForeign(database string) bool {
	file, err := os.Open(database) //nolint:gosec // the operator names the file
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	head := make([]byte, len(sqliteHeader))
	n, err := io.ReadFull(file, head)
	return n > 0 && (err != nil || string(head) != sqliteHeader)
}

func keyFile(database string) string { return filepath.Join(filepath.Dir(database), keyFileName) }

// writeKey makes the key's file, which must not exist yet.
func writeKey(path, key string) error {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode) //nolint:gosec // beside the operator's database
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, key)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // the next start would take half a key for a wrong one
	}
	return nil
}
