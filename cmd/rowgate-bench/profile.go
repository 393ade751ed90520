package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profile, with --profile, fetches profiles of the service while it is under load: of its processor time over so many seconds, and
// then of its heap and of all that it allocated. The channel gets the error, or nil, when they are written.
func (s *environment) profile(ctx context.Context, b *bench, name string, seconds int) <-chan error {
	done := make(chan error, 1)
	if s.admin == "" {
		done <- nil
		return done
	}
	go func() {
		for _, what := range []string{fmt.Sprintf("profile?seconds=%d", max(1, seconds-1)), "heap", "allocs"} {
			path := filepath.Join(b.Profile, name+"-"+filepath.Base(what[:4])+".pprof")
			if err := fetch(ctx, s.service.client, "http://"+s.admin+"/debug/pprof/"+what, path); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return done
}

func fetch(ctx context.Context, client *http.Client, url, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, response.StatusCode)
	}
	file, err := os.Create(path) //nolint:gosec // in the directory that was named
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, response.Body); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
