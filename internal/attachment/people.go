package attachment

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
)

// Bounds of the cache of people.
const (
	PeopleFor = 10 * time.Minute // how long an id is used without asking again; an address without a user is asked again each time
	MaxPeople = 8_000            // over all tenants
)

// Contacts looks people up. *client.Client is one.
type Contacts interface {
	BatchGetID(ctx context.Context, app feishu.App, emails, mobiles []string, userIDType string) ([]feishu.Contact, error)
}

// People finds people by email and mobile. It is safe for concurrent use.
type People struct {
	contacts Contacts
	digest   func(feishu.App) string
	known    *otter.Cache[personKey, string]
}

// personKey holds the credential's digest, because each app has a contact range of its own.
type personKey struct{ digest, userIDType, address string }

// NewPeople makes a People with an empty cache. digest names a credential; it must differ wherever brand, app_id or app_secret differ.
func NewPeople(contacts Contacts, digest func(feishu.App) string) *People {
	return &People{
		contacts: contacts, digest: digest,
		known: otter.Must(&otter.Options[personKey, string]{
			MaximumSize: MaxPeople, ExpiryCalculator: otter.ExpiryWriting[personKey, string](PeopleFor),
		}),
	}
}

// Close ends the cache's goroutines.
func (p *People) Close() { p.known.StopAllGoroutines() }

// Find returns the ids, of the given type, of the people with these addresses: emails (those with an @) and mobiles. An address
// without a user in the app's contact range is missing from ids. Addresses that are not in the cache are looked up in one call
// for every client.MaxContacts emails and as many mobiles. The error is Feishu's and concerns the app, not a single address.
func (p *People) Find(ctx context.Context, app feishu.App, userIDType string, addresses []string) (ids map[string]string, err error) {
	digest := p.digest(app)
	key := func(address string) personKey { return personKey{digest, userIDType, canonical(address)} }
	found := map[personKey]string{}
	var emails, mobiles []string
	for _, address := range addresses {
		k := key(address)
		if _, seen := found[k]; seen {
			continue
		}
		id, known := p.known.GetIfPresent(k)
		found[k] = id
		switch {
		case known:
		case strings.Contains(address, "@"):
			emails = append(emails, address)
		default:
			mobiles = append(mobiles, address)
		}
	}
	for len(emails)+len(mobiles) > 0 {
		var some, others []string
		some, emails = split(emails)
		others, mobiles = split(mobiles)
		contacts, err := p.contacts.BatchGetID(ctx, app, some, others, userIDType)
		if err != nil {
			return nil, err
		}
		for _, contact := range contacts {
			if contact.UserID == "" {
				continue
			}
			for _, address := range []string{contact.Email, contact.Mobile} {
				if address != "" {
					found[key(address)] = contact.UserID
					p.known.Set(key(address), contact.UserID)
				}
			}
		}
	}
	ids = make(map[string]string, len(addresses))
	for _, address := range addresses {
		if id := found[key(address)]; id != "" {
			ids[address] = id
		}
	}
	return ids, nil
}

// split returns the addresses that fit into one call, and the rest.
func split(addresses []string) (first, rest []string) {
	n := min(len(addresses), client.MaxContacts)
	return slices.Clip(addresses[:n]), addresses[n:]
}

// canonical is the spelling by which addresses are compared: emails in lower case, Chinese mobiles without +86, which Feishu
// accepts with and without it.
func canonical(address string) string {
	return strings.TrimPrefix(strings.ToLower(address), "+86")
}
