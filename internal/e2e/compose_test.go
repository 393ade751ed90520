package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// composeFile is the part of a compose file that has to fit the image and the program.
type composeFile struct {
	Services map[string]struct {
		Image string
		Build struct {
			Args map[string]string
		}
		Ports       []string
		Volumes     []string
		Environment map[string]string
		Command     []string
		Profiles    []string
		Networks    []string
		Grace       string `json:"stop_grace_period"`
		Memory      string `json:"mem_limit"`
		Healthcheck struct{ Test []string }
	}
	Volumes  map[string]any
	Networks map[string]struct {
		External bool
		Name     string
	}
}

func readCompose(t *testing.T, name string) (file composeFile) {
	t.Helper()
	readYAML(t, rootFile(t, name), &file)
	return file
}

// rootFile is a file at the top of the tree.
func rootFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// composeDefault is what ${NAME:-default} stands for where the variable is not set.
var composeDefault = regexp.MustCompile(`^\$\{(\w+):-(.*)\}$`)

// composeRequired is what ${NAME:?message} stands for: a variable that has to be set.
var composeRequired = regexp.MustCompile(`\$\{\w+:\?[^}]*\}`)

// TestCompose reads the compose files beside the Dockerfile and the settings.
func TestCompose(t *testing.T) {
	t.Parallel()
	file, image := readCompose(t, "compose.yaml"), rootFile(t, "Dockerfile")
	says := func(line string) bool { return slices.Contains(strings.Split(image, "\n"), line) }
	service, sandbox := file.Services["rowgate"], file.Services["sandbox"]

	t.Run("sets only settings that there are, and needs a passphrase", func(t *testing.T) {
		t.Parallel()
		known := config.Variables()
		for name := range service.Environment {
			if !slices.ContainsFunc(known, func(v config.Variable) bool { return v.Name == name }) {
				t.Errorf("%s is no setting", name)
			}
		}
		if !strings.HasPrefix(service.Environment["ROWGATE_PASSPHRASE"], "${ROWGATE_PASSPHRASE:?") {
			t.Errorf("the passphrase is %q", service.Environment["ROWGATE_PASSPHRASE"])
		}
	})
	t.Run("builds with the defaults of the Dockerfile", func(t *testing.T) {
		t.Parallel()
		for _, args := range []map[string]string{service.Build.Args, sandbox.Build.Args} {
			for name, value := range args {
				found := composeDefault.FindStringSubmatch(value)
				if found == nil || found[1] != name || !says("ARG "+name+"="+found[2]) {
					t.Errorf("%s is %q, and no ARG has that default", name, value)
				}
			}
			if len(args) != strings.Count(image, "\nARG ") {
				t.Errorf("%d arguments, the Dockerfile has %d", len(args), strings.Count(image, "\nARG "))
			}
		}
		if !strings.Contains(image, "-X main.release=${VERSION}") {
			t.Error("the image does not know its version")
		}
	})
	t.Run("publishes the ports that are listened on, to this machine alone", func(t *testing.T) {
		t.Parallel()
		if len(service.Ports) != 1 || service.Ports[0] != "127.0.0.1:8080:8080" || !says("EXPOSE 8080") || !says("ENV PORT=8080") {
			t.Errorf("ports %v", service.Ports)
		}
		if len(sandbox.Ports) != 1 || sandbox.Ports[0] != "127.0.0.1:9090:9090" ||
			!slices.Equal(sandbox.Command, []string{"sandbox", "--listen", "0.0.0.0:9090"}) || !slices.Equal(sandbox.Profiles, []string{"sandbox"}) {
			t.Errorf("sandbox: %+v", sandbox)
		}
	})
	t.Run("keeps the data, and lets the service drain", func(t *testing.T) {
		t.Parallel()
		name, target, _ := strings.Cut(strings.Join(service.Volumes, " "), ":")
		if _, ok := file.Volumes[name]; !ok || !says("VOLUME "+target) {
			t.Errorf("volumes %v", service.Volumes)
		}
		if grace, err := time.ParseDuration(service.Grace); err != nil || grace < 35*time.Second {
			t.Errorf("stop_grace_period %q", service.Grace)
		}
		if service.Memory != "512m" || !says("ENV GOMEMLIMIT=384MiB") {
			t.Errorf("mem_limit %q", service.Memory)
		}
	})
	t.Run("asks the program itself whether it is well, since the image has no shell", func(t *testing.T) {
		t.Parallel()
		if test := service.Healthcheck.Test; len(test) != 3 || test[0] != "CMD" || test[2] != "check" || !says(`ENTRYPOINT ["`+test[1]+`"]`) {
			t.Errorf("healthcheck %v", test)
		}
	})
	t.Run("runs on PostgreSQL by a second file", func(t *testing.T) {
		t.Parallel()
		second := readCompose(t, "compose.postgres.yaml")
		service, database := second.Services["rowgate"], second.Services["postgres"]
		settings := map[string]string{"ROWGATE_LISTEN": "127.0.0.1:0"}
		for name, value := range service.Environment {
			settings[name] = composeRequired.ReplaceAllString(value, "0123456789abcdef")
		}
		settings["ROWGATE_KEY"] = secret.GenerateKey()
		read, problems := config.Read(func(name string) string { return settings[name] })
		if len(problems) > 0 || read.Database.Postgres.IsZero() {
			t.Errorf("settings %v: %v", settings, problems)
		}
		want := "postgres://" + database.Environment["POSTGRES_USER"] + ":0123456789abcdef@postgres:5432/" + database.Environment["POSTGRES_DB"]
		if settings["ROWGATE_DATABASE_URL"] != want || !strings.HasPrefix(service.Environment["ROWGATE_KEY"], "${ROWGATE_KEY:?") {
			t.Errorf("the address is %s, the database %s", settings["ROWGATE_DATABASE_URL"], want)
		}
		name, _, _ := strings.Cut(strings.Join(database.Volumes, " "), ":")
		if _, ok := second.Volumes[name]; !ok || len(database.Ports) > 0 {
			t.Errorf("volumes %v, ports %v", database.Volumes, database.Ports)
		}
	})
	t.Run("joins the network of Dify by a second file", func(t *testing.T) {
		t.Parallel()
		dify := readCompose(t, "compose.dify.yaml")
		network := dify.Networks["dify"]
		if len(dify.Services) != 1 || !slices.Equal(dify.Services["rowgate"].Networks, []string{"default", "dify"}) || !network.External ||
			network.Name != "${DIFY_NETWORK:-docker_default}" {
			t.Errorf("%+v", dify)
		}
	})
}
