package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestProblemsOfTheDatabaseAreNotThoseOfTheKey: the key lies beside the database, so what is wrong with its place is said of that.
func TestProblemsOfTheDatabaseAreNotThoseOfTheKey(t *testing.T) {
	t.Parallel()
	foreign := filepath.Join(t.TempDir(), "rowgate.db")
	if err := os.WriteFile(foreign, []byte("this is no database of any kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, database := range map[string]string{"a file that is no database": foreign, "a directory below a file": foreign + "/a.db"} {
		_, problems := config.Load(func(name string) string {
			return map[string]string{"ROWGATE_DATABASE_URL": "sqlite:" + database}[name]
		})
		if len(problems) != 1 || problems[0].Variable != "ROWGATE_DATABASE_URL" || problems[0].Text.ZH == "" {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	database := func(dir string) settings {
		return settings{"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(dir, "rowgate.db")}
	}

	t.Run("is made beside the database for its owner only, and found again", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		first, second := mustLoad(t, database(dir)), mustLoad(t, database(dir))
		sealed := first.Keyring.Seal("test", []byte("x"))
		if plain, err := second.Keyring.Open("test", sealed); err != nil || string(plain) != "x" {
			t.Errorf("the second start has another key: %v", err)
		}
		for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "key"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v; want %o", filepath.Base(path), info.Mode(), err, want)
			}
		}
	})

	t.Run("is not made by a check", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if problems := config.Check(database(dir).getenv); len(problems) > 0 {
			t.Fatal(problems)
		}
		wantNoKey(t, dir)
	})

	t.Run("is not made while anything else is wrong", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := database(dir)
		s["ROWGATE_LOG"] = "loud"
		_, problems := config.Load(s.getenv)
		wantOnly(t, problems, "ROWGATE_LOG")
		wantNoKey(t, dir)
	})

	t.Run("is not made beside ROWGATE_KEY", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := database(dir)
		s["ROWGATE_KEY"] = secret.GenerateKey()
		mustLoad(t, s)
		wantNoKey(t, dir)
	})

	t.Run("is not made anew for a database that was sealed with a lost one", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "rowgate.db"), "")
		_, problems := config.Load(database(dir).getenv)
		wantOnly(t, problems, "ROWGATE_KEY")
		wantNoKey(t, dir)
	})

	t.Run("is refused if its file holds none", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "key"), canary)
		_, problems := config.Load(database(dir).getenv)
		wantOnly(t, problems, "ROWGATE_KEY")
	})

	t.Run("is refused if its file cannot be read", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "key"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, problems := config.Load(database(dir).getenv)
		wantOnly(t, problems, "ROWGATE_KEY")
	})

	t.Run("is a problem if its directory cannot be made", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		write(t, file, "")
		_, problems := config.Load(database(filepath.Join(file, "data")).getenv)
		wantOnly(t, problems, "ROWGATE_DATABASE_URL")
	})

	t.Run("of a database in memory ends with it", func(t *testing.T) {
		t.Parallel()
		first, second := mustLoad(t, nil), mustLoad(t, nil)
		if _, err := second.Keyring.Open("test", first.Keyring.Seal("test", nil)); err == nil {
			t.Error("two databases in memory have one key")
		}
	})
}

func wantNoKey(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "key")); err == nil {
		t.Error("a key file was made")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("rgk_example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ROWGATE_CONNECTION_KEY_FILE": file}
	getenv := func(name string) string { return env[name] }
	if got, problems := config.Secret(getenv, "ROWGATE_CONNECTION_KEY"); len(problems) > 0 || got.Reveal() != "rgk_example" {
		t.Errorf("%d bytes, %v", len(got.Reveal()), problems)
	}
	env["ROWGATE_CONNECTION_KEY"] = "rgk_other"
	if _, problems := config.Secret(getenv, "ROWGATE_CONNECTION_KEY"); len(problems) != 1 {
		t.Errorf("%v for two values", problems)
	}
}
