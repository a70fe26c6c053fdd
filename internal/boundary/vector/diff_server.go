package vector

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// BackupTime is how long a snapshot may stand before it counts as left behind: a backup is made, fetched and deleted.
const BackupTime = 24 * time.Hour

// Snapshot is a file of all points of a collection, on the disk or in the bucket of the server.
type Snapshot struct {
	// Collection it was made of; "" for the whole server.
	Collection string
	// Name of the file.
	Name string
	// Made at; zero where the server cannot tell.
	Made time.Time
}

// Rounds is what is looked at now and then only.
type Rounds struct {
	// Snapshots that stand, of collections of the plane and of the whole server.
	Snapshots []Snapshot
	// SnapshotsUnread says why they could not be listed, "" where they could.
	SnapshotsUnread string
	// Doubled counts, by shared collection, the points that carry more than one tenant_id, up to MaxUnmarkedSeen.
	Doubled map[string]int
	// PlainText are the addresses at which the server answers without TLS, where the DataPlane asks for TLS.
	PlainText []string
}

// server reports what is wrong with the server itself.
func (b *builder) server() {
	o := b.seen
	if o.Open {
		b.hazard("server", boundary.Critical, CheckOpenServer, "Qdrant answers callers without a credential, so every collection is "+
			"open to everybody who reaches it; set QDRANT__SERVICE__API_KEY and restart it")
	}
	if o.ShortKey {
		b.hazard("server", boundary.Warning, CheckShortKey, "the API key has fewer than %d characters; every token is signed with it, so a "+
			"tenant could find it by trying; replace it, for example with openssl rand -hex 32", MinKeyLength)
	}
	if len(o.Rounds.PlainText) > 0 {
		b.hazard("server", boundary.Warning, CheckPlainText, "the DataPlane asks for TLS, and Qdrant also answers plain text at %s: whoever is "+
			"on the way reads the keys and tokens that are sent there. Set QDRANT__SERVICE__ENABLE_TLS=true and restart it, or close that "+
			"address with a network policy", strings.Join(o.Rounds.PlainText, " and "))
	}
	if o.Rounds.SnapshotsUnread != "" {
		b.hazard("server", boundary.Info, CheckSnapshotsUnread, "snapshots could not be listed (%s), so that nobody knows whether any lie about; "+
			"look at the server's snapshot storage", o.Rounds.SnapshotsUnread)
	}
}

// snapshots reports those that were left behind: one finding for each collection of the plane, one for all of tenants.
func (b *builder) snapshots() {
	left := map[string][]Snapshot{}
	for _, s := range b.seen.Rounds.Snapshots {
		if b.now.Sub(s.Made) > BackupTime {
			left[snapshotsObject(s.Collection)] = append(left[snapshotsObject(s.Collection)], s)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(left)) {
		oldest := slices.MinFunc(left[object], func(a, b Snapshot) int {
			return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.Name, b.Name))
		})
		b.hazard(object, boundary.Warning, CheckSnapshots, "snapshots older than a day: %d, such as %q%s. Each is a copy of everything that "+
			"stood there, also of what was deleted since, and nothing here guards it. Fetch those that are backups, and delete them with "+
			"DELETE %s", len(left[object]), oldest.Name, madeAt(oldest), oldest.path())
	}
}

func snapshotsObject(collection string) string {
	switch {
	case collection == "":
		return "snapshots of the server"
	case IsDedicated(collection):
		return "snapshots of tenants' collections"
	}
	return "snapshots of " + object(collection)
}

func madeAt(s Snapshot) string {
	if s.Made.IsZero() {
		return ""
	}
	return " of " + s.Made.UTC().Format(time.DateOnly)
}

// path of the snapshot in the REST API.
func (s Snapshot) path() string {
	if s.Collection == "" {
		return "/snapshots/" + s.Name
	}
	return fmt.Sprintf("/collections/%s/snapshots/%s", s.Collection, s.Name)
}
