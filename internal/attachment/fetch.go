package attachment

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/rowgate/rowgate/internal/egress"
)

// FetchTimeout is how long a fetch may take in all, redirects and body included.
const FetchTimeout = 30 * time.Second

// maxRedirects is how many redirects a fetch follows.
const maxRedirects = 3

// FetcherOptions configure a Fetcher; a zero value means the default that its comment names.
type FetcherOptions struct {
	Guard            *egress.Guard // decides which addresses are fetched; nil: one that permits the public internet only
	Dir              string        // for temporary files, which are encrypted and have no name: the operating system's
	SpoolBytes       int64         // MaxSpoolBytes
	SpoolBytesPerApp int64         // MaxSpoolBytesPerApp

	timeout time.Duration // FetchTimeout
}

// Fetcher fetches the file at a caller's URL. It is safe for concurrent use.
type Fetcher struct {
	dir    string
	shares *shares
	client *egress.Client
}

// NewFetcher makes a fetcher.
func NewFetcher(o FetcherOptions) *Fetcher {
	setDefault(&o.SpoolBytes, MaxSpoolBytes)
	setDefault(&o.SpoolBytesPerApp, MaxSpoolBytesPerApp)
	setDefault(&o.timeout, FetchTimeout)
	if o.Guard == nil {
		o.Guard = egress.New(egress.Options{})
	}
	return &Fetcher{
		dir: o.Dir, shares: newShares(o.SpoolBytesPerApp, o.SpoolBytes),
		client: o.Guard.Client(egress.Policy{Redirects: maxRedirects, Timeout: o.timeout}),
	}
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// Fetch gets the file at an address that its guard permits, within FetchTimeout and MaxFileBytes, and counts it against the disk share of
// owner (a credential's digest). Memory does not grow with the file. No cookie and no referrer is sent.
// The receiver closes the file.
//
// Errors: a *Failure that says what is wrong with the address or its server; the problem overloaded when the disk share is
// used up; context.Canceled when ctx was cancelled.
func (f *Fetcher) Fetch(ctx context.Context, owner, address string) (*File, error) {
	req, err := f.client.NewRequest(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, unfetched(err)
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, unfetched(err)
	}
	defer resp.Body.Close()
	if err := acceptable(resp); err != nil {
		return nil, err
	}
	file, err := f.store(owner, resp)
	if err != nil {
		return nil, err
	}
	file.Name = fileName(file.kind, dispositionName(resp.Header), lastSegment(req.URL), lastSegment(resp.Request.URL))
	return file, nil
}

// acceptable checks the status and headers of an answer.
func acceptable(resp *http.Response) error {
	encoding := resp.Header.Get("Content-Encoding")
	switch {
	case resp.StatusCode != http.StatusOK:
		return badStatus(resp.StatusCode)
	case encoding != "" && encoding != "identity":
		return &Failure{Reason: encoded}
	case resp.ContentLength == 0:
		return &Failure{Reason: emptyFile}
	case resp.ContentLength > MaxFileBytes:
		return tooLarge(MaxFileBytes)
	}
	return nil
}

// store writes the body to disk, and computes its size, checksum and media type on the way.
func (f *Fetcher) store(owner string, resp *http.Response) (file *File, err error) {
	spool, err := newSpool(f.dir, owner, f.shares)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			spool.Close()
		}
	}()
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(spool, sum), io.LimitReader(resp.Body, MaxFileBytes+1))
	switch {
	case spool.failed != nil:
		return nil, spool.failed
	case err != nil:
		return nil, unfetched(err)
	case spool.size == 0:
		return nil, &Failure{Reason: emptyFile}
	case spool.size > MaxFileBytes:
		return nil, tooLarge(MaxFileBytes)
	}
	head := make([]byte, min(spool.size, sniffBytes))
	if _, err := spool.ReadAt(head, 0); err != nil {
		return nil, err
	}
	file = &File{Size: spool.size, kind: sniff(head, resp.Header.Get("Content-Type")), content: spool, close: spool.Close}
	sum.Sum(file.sum[:0])
	return file, nil
}

// unfetched turns a refusal of egress into a Failure and returns any other error unchanged.
func unfetched(err error) error {
	refusal, ok := errors.AsType[*egress.Refusal](err)
	if !ok {
		return err
	}
	failure := &Failure{Reason: refusal.Words, Denied: refusal.Kind == egress.NotAllowed}
	if reason, ok := reasons[refusal.Kind]; ok {
		failure.Reason = reason
	}
	return failure
}

// dispositionName is the file name of the Content-Disposition header; "" if there is none.
func dispositionName(header http.Header) string {
	_, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return path.Base(params["filename"])
}

// lastSegment is the last segment of an address's path.
func lastSegment(u *url.URL) string { return path.Base(u.Path) }
