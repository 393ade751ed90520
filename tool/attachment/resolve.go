// Package attachment resolves the files and people of rows, the pending lookups of a plan, and holds the tool that uploads a
// single file.
package attachment

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/tool"
)

// Fetcher fetches the file at a URL, against the disk share of owner. It is implemented by *attachment.Fetcher.
type Fetcher interface {
	Fetch(ctx context.Context, owner, address string) (*attachment.File, error)
}

// Uploader uploads a file to a base. It is implemented by *attachment.Uploader.
type Uploader interface {
	Upload(ctx context.Context, app feishu.App, appToken string, file *attachment.File) (fileToken string, err error)
}

// People finds people by email and mobile. It is implemented by *attachment.People.
type People interface {
	Find(ctx context.Context, app feishu.App, userIDType string, addresses []string) (ids map[string]string, err error)
}

const (
	// maxFetches is how many files of one request are fetched at a time. They are uploaded one at a time, so at most one
	// more than these is held.
	maxFetches = 4
	// Of the time that is left of a request, its lookups may use lookupShare in wholeShare; the rest is for the write.
	lookupShare = 4
	wholeShare  = 5
)

// Resolver answers the pending lookups of a write's plan: it uploads files and looks people up. It is safe for concurrent use.
type Resolver struct {
	Fetcher  Fetcher
	Uploader Uploader
	People   People
}

// Resolve answers every lookup of the plan's good rows. A file or person that many rows share is fetched, uploaded or looked up
// once. A file that cannot be fetched and a person who is not found are errors of their rows, in the plan.
//
// The error is a problem of the whole request, and no row may be written then: the app lacks a scope, Feishu does not answer,
// too many uploads wait, or the time is too short for so many files.
func (r *Resolver) Resolve(ctx context.Context, target tool.Target, plan *bitable.Plan) error {
	return r.answer(ctx, target, plan, func(ctx context.Context, file *attachment.File) (any, error) {
		token, err := r.Uploader.Upload(ctx, target.App, target.AppToken, file)
		return fileElement{FileToken: token}, err
	})
}

// Rehearse is Resolve for a dry run: people are looked up and URLs are fetched, but nothing is uploaded. Instead of its
// file_token a file has its name and size.
func (r *Resolver) Rehearse(ctx context.Context, target tool.Target, plan *bitable.Plan) error {
	return r.answer(ctx, target, plan, func(_ context.Context, file *attachment.File) (any, error) {
		return fileElement{Name: file.Name, Size: file.Size}, nil
	})
}

type fileElement struct {
	FileToken string `json:"file_token,omitempty"`
	Name      string `json:"name,omitempty"`
	Size      int64  `json:"size,omitempty"`
}

type personElement struct {
	ID string `json:"id"`
}

// keep makes a cell's element for a file.
type keep func(context.Context, *attachment.File) (any, error)

func (r *Resolver) answer(ctx context.Context, target tool.Target, plan *bitable.Plan, keep keep) error {
	if len(plan.Pending()) == 0 {
		return nil
	}
	ctx, cancel := leaveTime(ctx)
	defer cancel()
	if err := r.people(ctx, target, plan); err != nil {
		return err
	}
	return r.files(ctx, target, plan, keep)
}

// leaveTime bounds ctx so that time is left for the write. Without a deadline there is nothing to share.
func leaveTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)*lookupShare/wholeShare)
}

func (r *Resolver) people(ctx context.Context, target tool.Target, plan *bitable.Plan) error {
	var lookups []bitable.Pending
	var addresses []string
	for _, l := range plan.Pending() {
		if l.Kind == bitable.PendingEmail || l.Kind == bitable.PendingMobile {
			lookups = append(lookups, l)
			addresses = append(addresses, l.Value)
		}
	}
	if len(lookups) == 0 {
		return nil
	}
	ids, err := r.People.Find(ctx, target.App, target.UserIDType, addresses)
	if err != nil {
		return err
	}
	for _, l := range lookups {
		id, found := ids[l.Value]
		if !found {
			plan.Reject(l, personNotFound)
			continue
		}
		if err := resolve(plan, l, personElement{id}); err != nil {
			return err
		}
	}
	return nil
}

func resolve(plan *bitable.Plan, l bitable.Pending, element any) error {
	body, err := json.Marshal(element)
	if err != nil {
		return err
	}
	plan.Resolve(l, body)
	return nil
}
