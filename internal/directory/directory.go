// Package directory finds the table that a caller means and knows its columns: links, table names, wiki nodes, fields and time
// zones, cached per credential.
package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/nearest"
	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of the caches.
const (
	// FreshFor is how long a table's columns, a base's tables and its time zone are used without asking again.
	FreshFor = 5 * time.Minute
	// SettledAfter is how old an answer must be before a name that it lacks is worth a second look.
	SettledAfter = 2 * time.Second
	// MaxTableBytes bounds the memory of tables whose columns are kept, over all tenants, and of bases whose tables are.
	MaxTableBytes = 8 << 20
	MaxListBytes  = 2 << 20
	// MaxBases bounds the bases whose time zones, and the wiki nodes whose bases, are kept, over all tenants.
	MaxBases = 2_000
	// LoadTimeout bounds one look-up of all that a cache entry needs, so that one caller's short deadline fails only itself.
	LoadTimeout = 20 * time.Second

	maxNamed = 5 // tables named in a message where none is near
)

// DefaultTimeZone is used where a base names no time zone of its own (docs/contract.md §3, time_zone).
const DefaultTimeZone = "Asia/Shanghai"

// Source is what the directory asks of Feishu. It is implemented by *client.Client.
type Source interface {
	ListFields(ctx context.Context, table feishu.TableRef) ([]feishu.Field, error)
	ListTables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error)
	GetApp(ctx context.Context, app feishu.App, appToken string) (feishu.AppInfo, error)
	GetNode(ctx context.Context, app feishu.App, token string) (feishu.Node, error)
}

// Directory answers which table is meant and what its columns are. It is safe for concurrent use.
type Directory struct {
	source Source
	digest func(feishu.App) string
	bases  *otter.Cache[baseKey, *tableList]
	tables *otter.Cache[tableKey, *Table]
	apps   *otter.Cache[baseKey, baseInfo]
	nodes  *otter.Cache[baseKey, feishu.Node]
}

// The keys hold the credential's digest, never an app_id alone: one secret's answers are nobody else's.
type (
	baseKey  struct{ digest, token string }
	tableKey struct{ digest, appToken, tableID string }
)

// baseInfo is what a base says of itself, or the defaults for an app that may not read it.
type baseInfo struct {
	zone     *time.Location
	advanced bool
}

type tableList struct {
	tables []feishu.Table
	loaded time.Time
}

// Table is a table as it was when it was looked up.
type Table struct {
	Ref    feishu.TableRef
	Fields []feishu.Field
	Schema *bitable.Schema
	Zone   *time.Location // the base's own, else DefaultTimeZone
	// Advanced is whether the base has advanced permissions, which hide rows without a word; false if the app may not know.
	Advanced bool
	Loaded   time.Time
}

// New makes a directory. digest names a credential; it must differ wherever brand, app_id or app_secret differ.
func New(source Source, digest func(feishu.App) string) *Directory {
	return &Directory{
		source: source,
		digest: digest,
		bases:  newWeighed[baseKey](MaxListBytes, (*tableList).weight),
		tables: newWeighed[tableKey](MaxTableBytes, (*Table).weight),
		apps:   newCache[baseKey, baseInfo](MaxBases),
		nodes:  newCache[baseKey, feishu.Node](MaxBases),
	}
}

func newCache[K comparable, V any](size int) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{
		MaximumSize: size, ExpiryCalculator: otter.ExpiryWriting[K, V](FreshFor),
	})
}

// What is counted of what a cache keeps, in bytes, beside the names.
const (
	keptWeight   = 1 << 10 // of a table or list, with its key
	listedWeight = 128     // of a table in a list
	columnWeight = 512     // of a column, with its place in the schema
	optionWeight = 256     // of an option of a select
)

// newWeighed is newCache for values of very different sizes: limit bounds the sum of their weights, in bytes.
func newWeighed[K comparable, V any](limit uint64, weight func(V) uint32) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{
		MaximumWeight: limit, Weigher: func(_ K, value V) uint32 { return weight(value) }, ExpiryCalculator: otter.ExpiryWriting[K, V](FreshFor),
	})
}

func (l *tableList) weight() uint32 {
	n := keptWeight
	for i := range l.tables {
		n += listedWeight + len(l.tables[i].Name)
	}
	return uint32(n)
}

func (t *Table) weight() uint32 {
	n := keptWeight
	for i := range t.Fields {
		n += columnWeight + len(t.Fields[i].Name)
		if property := t.Fields[i].Property; property != nil {
			n += optionWeight * len(property.Options)
		}
	}
	return uint32(n)
}

// get reads through a cache: one look-up for any number of callers, freed from the deadline of the one that starts it. Each of
// them waits no longer than its own; the error is upstream_unavailable then.
func get[K comparable, V any](ctx context.Context, cache *otter.Cache[K, V], key K, load func(context.Context) (V, error)) (V, error) {
	if known, ok := cache.GetIfPresent(key); ok {
		return known, nil
	}
	type answer struct {
		value V
		err   error
	}
	answered := make(chan answer, 1)
	go func() { // ends with LoadTimeout
		value, err := cache.Get(ctx, key, otter.LoaderFunc[K, V](func(ctx context.Context, _ K) (V, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LoadTimeout)
			defer cancel()
			return load(ctx)
		}))
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		var none V
		return none, late(ctx.Err())
	}
}

// late is the answer to a caller whose time was over before Feishu had answered; the look-up goes on for others.
func late(cause error) error {
	return problem.New(problem.UpstreamUnavailable, problem.Text{
		ZH: "飞书没有在 timeout_ms 内响应查询，没有写入任何内容。",
		EN: "Feishu did not answer the look-up within timeout_ms; nothing was written.",
	}).Because(cause)
}

// Close ends the caches' goroutines.
func (d *Directory) Close() {
	d.bases.StopAllGoroutines()
	d.tables.StopAllGoroutines()
	d.apps.StopAllGoroutines()
	d.nodes.StopAllGoroutines()
}

// Base resolves a link or token to an app_token: a wiki node is looked up, all else is what the link says.
// Errors: bad_link for a node that holds no base; what Feishu answers otherwise.
func (d *Directory) Base(ctx context.Context, app feishu.App, link bitable.Link) (string, error) {
	if link.AppToken != "" {
		return link.AppToken, nil
	}
	key := baseKey{d.digest(app), link.WikiToken}
	node, err := get(ctx, d.nodes, key, func(ctx context.Context) (feishu.Node, error) {
		return d.source.GetNode(ctx, app, link.WikiToken)
	})
	if err != nil {
		return "", err
	}
	if node.ObjType != "bitable" {
		return "", problem.New(problem.BadLink, problem.Text{
			ZH: fmt.Sprintf("这个知识库链接指向的是 %s，不是多维表格。", node.ObjType),
			EN: fmt.Sprintf("This wiki link leads to a %s, not to a base.", node.ObjType),
		})
	}
	return node.ObjToken, nil
}

// TableID returns the id of a table given by id or by name. A name that is not known is looked up once more if the list is
// not fresh. Errors: table_not_found with the nearest names; what Feishu answers otherwise.
func (d *Directory) TableID(ctx context.Context, app feishu.App, appToken, idOrName string) (string, error) {
	if bitable.IsTableID(idOrName) {
		return idOrName, nil
	}
	known, err := d.base(ctx, app, appToken)
	if err != nil {
		return "", err
	}
	find := func(list *tableList) (string, error) {
		if id := tableByName(list.tables, idOrName); id != "" {
			return id, nil
		}
		return "", tableNotFound(list.tables, idOrName)
	}
	return Retry(known, find, Failed, func(known *tableList) (*tableList, error) {
		if time.Since(known.loaded) <= SettledAfter {
			return known, nil
		}
		d.bases.Invalidate(baseKey{d.digest(app), appToken})
		return d.base(ctx, app, appToken)
	})
}

// Tables lists a base's tables, freshly asked.
func (d *Directory) Tables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error) {
	d.bases.Invalidate(baseKey{d.digest(app), appToken})
	found, err := d.base(ctx, app, appToken)
	if err != nil {
		return nil, err
	}
	return found.tables, nil
}

// Table returns a table with its columns and time zone, from the cache where that is warm.
func (d *Directory) Table(ctx context.Context, ref feishu.TableRef) (*Table, error) {
	key := tableKey{d.digest(ref.App), ref.AppToken, ref.TableID}
	return get(ctx, d.tables, key, func(ctx context.Context) (*Table, error) { return d.load(ctx, ref) })
}

// Refresh returns the table as Feishu has it now, unless known is that fresh already.
func (d *Directory) Refresh(ctx context.Context, known *Table) (*Table, error) {
	if time.Since(known.Loaded) <= SettledAfter {
		return known, nil
	}
	d.Forget(known.Ref)
	return d.Table(ctx, known.Ref)
}

// Forget drops what is known of a table under the credential of ref: when Feishu says that a column is gone.
func (d *Directory) Forget(ref feishu.TableRef) {
	d.tables.Invalidate(tableKey{d.digest(ref.App), ref.AppToken, ref.TableID})
}

// Changed drops what is known of a table under every credential: after its columns were changed here.
func (d *Directory) Changed(ref feishu.TableRef) {
	for key := range d.tables.Keys() {
		if key.appToken == ref.AppToken && key.tableID == ref.TableID {
			d.tables.Invalidate(key)
		}
	}
}

func (d *Directory) load(ctx context.Context, ref feishu.TableRef) (*Table, error) {
	fields, err := d.source.ListFields(ctx, ref)
	if err != nil {
		return nil, err
	}
	info, err := d.info(ctx, ref.App, ref.AppToken)
	if err != nil {
		return nil, err
	}
	return &Table{
		Ref: ref, Fields: fields, Schema: bitable.NewSchema(fields), Zone: info.zone, Advanced: info.advanced, Loaded: time.Now(),
	}, nil
}

// info returns what the base says of itself. An app that may write rows but not read the base's description still writes rows: it
// gets DefaultTimeZone.
func (d *Directory) info(ctx context.Context, app feishu.App, appToken string) (baseInfo, error) {
	return get(ctx, d.apps, baseKey{d.digest(app), appToken}, func(ctx context.Context) (baseInfo, error) {
		said, err := d.source.GetApp(ctx, app, appToken)
		if err != nil && problem.From(err).Code != problem.ScopeMissing {
			return baseInfo{}, err
		}
		info := baseInfo{advanced: said.IsAdvanced}
		if info.zone, err = time.LoadLocation(said.TimeZone); err != nil || said.TimeZone == "" {
			info.zone, err = time.LoadLocation(DefaultTimeZone)
		}
		return info, err
	})
}

func (d *Directory) base(ctx context.Context, app feishu.App, appToken string) (*tableList, error) {
	return get(ctx, d.bases, baseKey{d.digest(app), appToken}, func(ctx context.Context) (*tableList, error) {
		tables, err := d.source.ListTables(ctx, app, appToken)
		if err != nil {
			return nil, err
		}
		return &tableList{tables: tables, loaded: time.Now()}, nil
	})
}

func tableByName(tables []feishu.Table, name string) string {
	for _, table := range tables {
		if table.Name == name {
			return table.ID
		}
	}
	id := ""
	for _, table := range tables {
		if bitable.FoldName(table.Name) == bitable.FoldName(name) {
			if id != "" {
				return "" // two tables differ only in case or width: guessing is not ours
			}
			id = table.ID
		}
	}
	return id
}

func tableNotFound(tables []feishu.Table, name string) error {
	names := make([]string, 0, len(tables))
	for _, table := range tables {
		names = append(names, table.Name)
	}
	named := strings.Join(nearest.Names(name, slices.Values(names)), "、")
	if named == "" {
		named = strings.Join(names[:min(len(names), maxNamed)], "、")
	}
	return problem.New(problem.TableNotFound, problem.Text{
		ZH: fmt.Sprintf("这个多维表格里没有名为“%s”的数据表。现有：%s。", name, named),
		EN: fmt.Sprintf("The base has no table named %q. It has: %s.", name, named),
	})
}
