package vector

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestDiffPlane(t *testing.T) {
	whole := func() Observed { return server(acme()) }
	const shared = "shared-documents"
	for name, seen := range map[string]Observed{
		"settled":         whole(),
		"empty server":    {Version: "1.19.0", Tokens: TokensAccepted},
		"open server":     func() Observed { o := whole(); o.Open = true; return o }(),
		"short key":       func() Observed { o := whole(); o.ShortKey = true; return o }(),
		"old server":      func() Observed { o := whole(); o.Version = "1.18.2"; return o }(),
		"strict mode off": alter(whole(), shared, func(c *Collection) { c.Strict = Strict{} }),
		"tuned by hand": alter(whole(), shared, func(c *Collection) {
			c.HNSW.M, c.Quantization, c.Replicas = 16, "Product", 3
			c.Vectors = []Vector{{Size: 4, Distance: "Cosine", OnDisk: true, HNSW: HNSW{M: 32, PayloadM: 32, EfConstruct: 9}, Quantization: "Binary"}}
			c.Sparse = []boundary.SparseVector{{Name: "text"}}
		}),
		"tenant index missing": alter(whole(), shared, func(c *Collection) { c.Indexes = c.Indexes[:2] }),
		"tenant index without is_tenant": alter(whole(), shared, func(c *Collection) {
			c.Indexes = []Index{{Field: "corpus_id", Type: "Keyword"}, {Field: "source", Type: "Keyword"}, {Field: "tenant_id", Type: "Keyword"}}
		}),
		"index of ours missing": alter(whole(), TokensCollection, func(c *Collection) { c.Indexes = nil }),
		"shape mismatch": alter(whole(), shared, func(c *Collection) {
			c.Vectors = []Vector{{Name: "other", Size: 4, Distance: "Dot", Datatype: "Float16", Multi: true}}
			c.Sparse, c.CustomSharding, c.Shards = []boundary.SparseVector{{Name: "words"}}, true, 2
		}),
		"foreign collection": alter(whole(), shared, func(c *Collection) { c.Stamp = nil }),
		"foreign collection, rest missing": func() Observed {
			o := alter(whole(), shared, func(c *Collection) { c.Stamp = nil })
			delete(o.Collections, TokensCollection)
			return o
		}(),
		"other installation": alter(whole(), shared, func(c *Collection) { c.Stamp.Installation = "elsewhere" }),
		"alias":              alter(whole(), shared, func(c *Collection) { c.Stamp.Collection = "shared-documents-v2" }),
		"alias in the place of a shared collection": func() Observed {
			o := whole()
			o.Collections[shared] = Collection{Name: shared}
			o.Aliases = map[string]string{shared: "elsewhere"}
			return o
		}(),
		"alias of a restored copy": func() Observed {
			o := whole()
			o.Aliases = map[string]string{shared: "shared-documents-restored"}
			return o
		}(),
		"aliases that open something": func() Observed {
			o := whole()
			o.Aliases = map[string]string{
				"crm": shared, "tenant_globex_notes": "crm-data", "tenant_acme_notes": "crm-data", "reference_eu_old": "crm-data", "blue": "green",
			}
			return o
		}(),
		"records of nobody": func() Observed {
			o := whole()
			o.Claims["gone"] = boundary.Claim{TenantID: "gone", UID: "uid-gone", Tombstone: true}
			o.Grants["uid-gone"] = []Record{record("late", "uid-gone", Grant{"tenant_gone_notes", PointsReadWrite})}
			o.Grants["uid-nobody"] = []Record{record("forged", "uid-nobody", Grant{"tenant_acme_notes", PointsReadWrite})}
			o.Grants["uid-rules"] = []Record{record("load", "uid-rules", LoaderAccess(rules())...)}
			return o
		}(),
		"collections of nobody": func() Observed {
			o := whole()
			dedicated := func(id, uid, name string) Collection {
				return judge.Corpus(boundary.Corpus{Name: name, UID: "uid-c", TenantID: id, TenantUID: uid, Pattern: boundary.Dedicated, Collection: CollectionName(id, name)})
			}
			for _, c := range []Collection{
				dedicated("acme", "uid-acme", "notes"), dedicated("acme", "uid-before", "old"), dedicated("gone", "uid-gone", "notes"),
				dedicated("retained", "uid-retained", "notes"), dedicated("elsewhere", "uid-e", "notes"),
			} {
				o.Collections[c.Name] = c
			}
			copied := dedicated("acme", "uid-acme", "notes")
			copied.Name = "tenant_acme_restored"
			o.Collections[copied.Name] = copied
			o.Collections["tenant_by_hand"] = Collection{Name: "tenant_by_hand"}
			o.Collections["tenant_catalogue"] = Collection{Name: "tenant_catalogue"}
			o.Claims["retained"] = boundary.Claim{TenantID: "retained", UID: "uid-retained", Tombstone: true}
			return alter(o, "tenant_elsewhere_notes", func(c *Collection) { c.Stamp.Installation = "there" })
		}(),
		"points of nobody": func() Observed {
			o := whole()
			o.Points = map[string]Points{shared: {Unmarked: 3, Tenants: map[string]uint64{
				"acme": 10, "nobody": 2, "Dear Sir, my password is": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1,
			}}}
			return o
		}(),
		"points of several tenants": func() Observed { o := whole(); o.Rounds.Doubled = map[string]int{shared: 2}; return o }(),
		"many points of nobody": func() Observed {
			o := whole()
			o.Points = map[string]Points{shared: {Unmarked: MaxUnmarkedSeen, Tenants: map[string]uint64{"acme": 10}}}
			return o
		}(),
		"snapshots left behind": func() Observed {
			o := whole()
			day := now.Add(-BackupTime)
			o.Rounds.Snapshots = []Snapshot{
				{Collection: shared, Name: "in-the-making", Made: day}, {Name: "full-snapshot-1", Made: day.Add(-time.Hour)},
				{Collection: "tenant_acme_notes", Name: "newer", Made: day.Add(-time.Hour)}, {Collection: "tenant_acme_mail", Name: "older", Made: day.Add(-99 * time.Hour)},
				{Collection: "reference_eu_rules", Name: "uploaded"},
			}
			return o
		}(),
		"snapshots not listed": func() Observed { o := whole(); o.Rounds.SnapshotsUnread = "the bucket is away"; return o }(),
		"plain text": func() Observed {
			o := whole()
			o.Rounds.PlainText = []string{"http://qdrant.data:6333", "qdrant.data:6334"}
			return o
		}(),
		"platform tunes what is not shared": alter(whole(), ClaimsCollection, func(c *Collection) {
			c.HNSW.M, c.Replicas, c.Segments = 16, 3, 4
		}),
	} {
		t.Run(name, func(t *testing.T) { golden(t, printed(judge.DiffPlane(seen, now))) })
	}
}
