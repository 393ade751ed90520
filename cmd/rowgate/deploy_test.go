package main

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/secret"
)

const (
	// drainLimit is how long a stop may take: lanes finish what they have sent and store the rest.
	drainLimit = 30 * time.Second
	// closeMargin is what is left for the answers in flight and the database after the lanes have drained.
	closeMargin = 5 * time.Second
	// flyKillLimit is the longest kill_timeout that Fly takes (https://fly.io/docs/reference/configuration/#kill_timeout-option).
	flyKillLimit = 300 * time.Second
)

// TestDeployment reads the Dockerfile and fly.toml side by side: each is right only together with the other.
func TestDeployment(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	image := readDockerfile(t, root)
	host := readFly(t, root)

	t.Run("the_host_connects_to_the_port_that_the_image_listens_on", func(t *testing.T) {
		t.Parallel()
		equal(t, "EXPOSE and ENV PORT", image.last("EXPOSE"), image.env["PORT"])
		equal(t, "internal_port and ENV PORT", host["http_service.internal_port"], image.env["PORT"])
	})

	t.Run("database_and_key_are_on_the_volume", func(t *testing.T) {
		t.Parallel()
		volume := image.last("VOLUME")
		equal(t, "destination and VOLUME", host["mounts.destination"], volume)
		database, isSQLite := strings.CutPrefix(image.env["ROWGATE_DATABASE_URL"], "sqlite:")
		if !isSQLite {
			t.Fatalf("ROWGATE_DATABASE_URL is %q, want sqlite", image.env["ROWGATE_DATABASE_URL"])
		}
		equal(t, "directory of the database and VOLUME", path.Dir(database), volume)
		equal(t, "directory of the key, ./data from WORKDIR, and VOLUME", path.Join(image.last("WORKDIR"), "data"), volume)
	})

	t.Run("the_user_is_not_root_and_owns_the_volume", func(t *testing.T) {
		t.Parallel()
		user := image.last("USER")
		uid, _, _ := strings.Cut(user, ":")
		if id, err := strconv.Atoi(uid); err != nil || id == 0 {
			t.Errorf("USER is %q, want the number of a user that is not root", user)
		}
		want := "--chown=" + user + " /out/data " + image.last("VOLUME")
		if !strings.HasSuffix(image.last("COPY"), want) {
			t.Errorf("the last COPY is %q, want it to end with %q", image.last("COPY"), want)
		}
	})

	t.Run("go_collects_before_the_machine_is_full", func(t *testing.T) {
		t.Parallel()
		limit, memory := mebibytes(t, image.env["GOMEMLIMIT"]), mebibytes(t, host["vm.memory"])
		if limit > memory*4/5 {
			t.Errorf("GOMEMLIMIT is %d MiB of %d, want a fifth left for what Go does not count", limit, memory)
		}
		if limit < memory/2 {
			t.Errorf("GOMEMLIMIT is %d MiB of %d, want at least half of what is paid for", limit, memory)
		}
	})

	t.Run("all_that_the_service_may_have_in_memory_fits_the_machine", func(t *testing.T) {
		t.Parallel()
		compose, err := fs.ReadFile(root, "compose.yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(compose), "mem_limit: ")
		composed, _, _ := strings.Cut(rest, "\n")
		limit := int64(mebibytes(t, image.env["GOMEMLIMIT"])) << 20
		counted, all := int64(0), int64(0)
		for _, bound := range app.MemoryBounds(limit) {
			all += bound.Bytes
			if bound.Part {
				counted += bound.Bytes
			}
			t.Logf("%4d MiB %s", bound.Bytes>>20, bound.Name)
		}
		if counted > limit*7/8 {
			t.Errorf("the parts come to %d MiB of GOMEMLIMIT's %d, want an eighth left for garbage", counted>>20, limit>>20)
		}
		for name, memory := range map[string]string{
			"fly.toml": host["vm.memory"], "compose.yaml": composed + "b",
		} {
			if size := int64(mebibytes(t, memory)) << 20; all > size {
				t.Errorf("all bounds come to %d MiB, and %s has %d", all>>20, name, size>>20)
			}
		}
	})

	t.Run("what_is_kept_fits_the_disk", func(t *testing.T) {
		t.Parallel()
		gigabytes, err := strconv.Atoi(strings.TrimSuffix(host["mounts.auto_extend_size_limit"], "GB"))
		if err != nil {
			t.Fatal(err)
		}
		const entryBytes = 500 // of an entry on the disk, with its places in the indexes, beside payload and result
		kept := outbox.DefaultKeptBound
		if need := kept.Bytes + int64(kept.Entries)*entryBytes; need > int64(gigabytes)*1e9 {
			t.Errorf("%d bytes may be kept, and the disk grows to %d GB", need, gigabytes)
		}
	})

	t.Run("the_host_lets_the_service_drain", func(t *testing.T) {
		t.Parallel()
		equal(t, "kill_signal and STOPSIGNAL", host["kill_signal"], image.last("STOPSIGNAL"))
		seconds, err := strconv.Atoi(host["kill_timeout"])
		if err != nil {
			t.Fatalf("kill_timeout: %v", err)
		}
		wait := time.Duration(seconds) * time.Second
		if wait < drainLimit+closeMargin || wait > flyKillLimit {
			t.Errorf("kill_timeout is %v, want %v to %v", wait, drainLimit+closeMargin, flyKillLimit)
		}
	})

	t.Run("the_host_asks_whether_the_service_is_ready", func(t *testing.T) {
		t.Parallel()
		equal(t, "checks.path", host["http_service.checks.path"], "/readyz")
	})

	t.Run("one_machine_runs_and_is_not_stopped_while_writes_wait", func(t *testing.T) {
		t.Parallel()
		equal(t, "auto_stop_machines", host["http_service.auto_stop_machines"], "off")
		equal(t, "min_machines_running", host["http_service.min_machines_running"], "1")
	})

	t.Run("the_documents_name_the_app_s_own_address", func(t *testing.T) {
		t.Parallel()
		equal(t, "ROWGATE_PUBLIC_URL", host["env.ROWGATE_PUBLIC_URL"], "https://"+host["app"]+".fly.dev")
	})

	t.Run("the_caller_s_address_is_the_one_that_the_host_forwards", func(t *testing.T) {
		t.Parallel()
		equal(t, "ROWGATE_TRUSTED_PROXIES", host["env.ROWGATE_TRUSTED_PROXIES"], "172.16.0.0/12,fdaa::/16")
	})

	t.Run("what_is_advised_for_several_machines_is_a_valid_configuration", func(t *testing.T) {
		t.Parallel()
		text, err := fs.ReadFile(root, "fly.toml")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), `ROWGATE_DATABASE_URL="`)
		address, rest, _ := strings.Cut(rest, `"`)
		settings := map[string]string{"ROWGATE_DATABASE_URL": address, "ROWGATE_KEY": secret.GenerateKey()}
		read, problems := config.Read(func(name string) string { return settings[name] })
		if len(problems) > 0 || read.Database.Postgres.IsZero() || !strings.HasPrefix(rest, " ROWGATE_KEY=") {
			t.Errorf("%q: %v", address, problems)
		}
	})

	t.Run("no_setting_is_made_twice", func(t *testing.T) {
		t.Parallel()
		for name := range image.env {
			if value, twice := host["env."+name]; twice {
				t.Errorf("fly.toml sets %s to %q over the image's own value", name, value)
			}
		}
	})

	t.Run("the_container_serves_unless_told_otherwise", func(t *testing.T) {
		t.Parallel()
		equal(t, "ENTRYPOINT", image.last("ENTRYPOINT"), `["/usr/local/bin/rowgate"]`)
		equal(t, "CMD", image.last("CMD"), `["serve"]`)
	})

	t.Run("the_image_is_built_with_the_go_of_go_mod", func(t *testing.T) {
		t.Parallel()
		_, rest, _ := strings.Cut(readFile(t, root, "go.mod"), "\ngo ")
		version, _, _ := strings.Cut(rest, "\n")
		minor, _, _ := strings.Cut(strings.TrimPrefix(version, "1."), ".")
		equal(t, "first ARG", image.instructions["ARG"][0], "GO_IMAGE=golang:1."+minor)
		equal(t, "first FROM", image.instructions["FROM"][0], "${GO_IMAGE} AS build")
	})

	t.Run("every_package_is_in_the_build_context", func(t *testing.T) {
		t.Parallel()
		allowed := strings.Fields(readFile(t, root, ".dockerignore"))
		for _, directory := range sourceDirectories(t, root) {
			if !slices.Contains(allowed, "!"+directory) {
				t.Errorf(".dockerignore leaves out %s, which holds Go files", directory)
			}
		}
	})
}

// dockerfile is what the Dockerfile says, instruction by instruction, in its order.
type dockerfile struct {
	instructions map[string][]string
	env          map[string]string
}

// last returns the arguments of the instruction that counts: the one of the last stage.
func (d dockerfile) last(instruction string) string {
	all := d.instructions[instruction]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func readDockerfile(t *testing.T, root fs.FS) dockerfile {
	t.Helper()
	d := dockerfile{instructions: map[string][]string{}, env: map[string]string{}}
	text := strings.ReplaceAll(readFile(t, root, "Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		name, arguments, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		d.instructions[name] = append(d.instructions[name], arguments)
		if key, value, isPair := strings.Cut(arguments, "="); name == "ENV" && isPair {
			d.env[key] = value
		}
	}
	return d
}

// readFly reads the part of TOML that fly.toml uses: tables and one scalar a line. Keys are dotted with their table's name.
func readFly(t *testing.T, root fs.FS) map[string]string {
	t.Helper()
	settings, table := map[string]string{}, ""
	for line := range strings.Lines(readFile(t, root, "fly.toml")) {
		line, _, _ = strings.Cut(line, " #")
		line = strings.TrimSpace(line)
		if name, isTable := strings.CutPrefix(line, "["); isTable {
			table = strings.Trim(name, "[]") + "."
			continue
		}
		key, value, found := strings.Cut(line, " = ")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		if _, twice := settings[table+key]; twice {
			t.Fatalf("fly.toml sets %s%s twice", table, key)
		}
		settings[table+key] = strings.Trim(value, `"`)
	}
	return settings
}

// mebibytes reads "384MiB" and Fly's "512mb", which is binary as well.
func mebibytes(t *testing.T, size string) int {
	t.Helper()
	digits := strings.TrimSuffix(strings.TrimSuffix(size, "MiB"), "mb")
	n, err := strconv.Atoi(digits)
	if err != nil || digits == size {
		t.Fatalf("%q is not a size in MiB", size)
	}
	return n
}

// sourceDirectories returns the names of the top directories with Go files that are built.
func sourceDirectories(t *testing.T, root fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		top, _, _ := strings.Cut(name, "/")
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !slices.Contains(names, top) {
			names = append(names, top)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no Go files found from here")
	}
	return names
}

func readFile(t *testing.T, root fs.FS, name string) string {
	t.Helper()
	text, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got == "" || got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
