package main

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
)

// openapiCmd prints a document without starting anything.
type openapiCmd struct {
	Profile  string `enum:"3.1,3.0,dify,coze,actions,client,swagger-2.0" default:"3.1" help:"Document: ${enum}. dify, coze and actions are for importers, client for code generators, swagger-2.0 for Power Platform."`
	Families string `help:"Families of tools, comma-separated, or all. Default: records."`
	YAML     bool   `help:"Print YAML instead of JSON; only for 3.1 and 3.0."`
}

func (c *openapiCmd) Run(_ context.Context, s streams) error {
	documents, err := app.Documents(publicURL(s), version(), c.Families)
	if err != nil {
		return err
	}
	var document []byte
	isProfile := c.Profile != "3.0" && c.Profile != "3.1"
	switch {
	case isProfile && c.YAML:
		return fmt.Errorf("the document %s is available as JSON only", c.Profile)
	case isProfile:
		if document, err = documents.Profile(c.Profile); err != nil {
			return err
		}
	case c.Profile == "3.0" && c.YAML:
		document = documents.YAML30
	case c.Profile == "3.0":
		document = documents.JSON30
	case c.YAML:
		document = documents.YAML
	default:
		document = documents.JSON
	}
	_, err = s.out.Write(document)
	return err
}

// publicURL is what documents call the service.
func publicURL(s streams) string {
	if url := s.getenv("ROWGATE_PUBLIC_URL"); url != "" {
		return url
	}
	return "http://" + config.DefaultListen
}
