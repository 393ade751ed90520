package main

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
)

// openapiCmd prints a document without starting anything.
type openapiCmd struct {
	Profile string `enum:"3.1,3.0" default:"3.1" help:"Which document: ${enum}."`
	YAML    bool   `help:"YAML instead of JSON."`
}

func (c *openapiCmd) Run(_ context.Context, s streams) error {
	publicURL := s.getenv("ROWGATE_PUBLIC_URL")
	if publicURL == "" {
		publicURL = "http://" + config.DefaultListen
	}
	documents, err := app.Documents(publicURL, version())
	if err != nil {
		return err
	}
	document := map[string][]byte{
		"3.1 false": documents.JSON, "3.1 true": documents.YAML, "3.0 false": documents.JSON30, "3.0 true": documents.YAML30,
	}[fmt.Sprint(c.Profile, " ", c.YAML)]
	_, err = s.out.Write(document)
	return err
}
