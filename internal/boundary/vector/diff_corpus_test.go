package vector

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestDiffCorpus(t *testing.T) {
	notes := corpus("notes")
	whole := func() Observed { return server(acme(notes)) }
	gone := func(c boundary.Corpus) boundary.Corpus { c.Retained = true; return c }
	shared := boundary.Corpus{Name: "x", UID: "uid-x", TenantID: "acme", TenantUID: "uid-acme", Pattern: boundary.Shared, Collection: "shared-documents"}
	elsewhere := shared
	elsewhere.Collection = "unknown"
	misplaced := notes
	misplaced.Collection = "tenant_globex_notes"
	loader := &boundary.Credential{TokenID: "load", Secret: "never printed"}
	loads := &Claims{TokenID: "load", Owner: "uid-rules", Grants: LoaderAccess(rules()), Expires: expiry}
	type situation struct {
		corpus boundary.Corpus
		loader *boundary.Credential
		token  *Claims
		seen   Observed
	}
	without := func(name string) Observed { o := whole(); delete(o.Collections, name); return o }
	loaded := func() Observed {
		o := whole()
		o.Grants["uid-rules"] = []Record{record("load", "uid-rules", LoaderAccess(rules())...)}
		return o
	}
	notesChanged := func(f func(*Collection)) Observed { return alter(whole(), notes.Collection, f) }
	for name, s := range map[string]situation{
		"dedicated settled":      {corpus: notes, seen: whole()},
		"dedicated missing":      {corpus: notes, seen: without(notes.Collection)},
		"tenant not claimed yet": {corpus: notes, seen: Observed{}},
		"tenant lost the conflict": {corpus: notes, seen: func() Observed {
			o := whole()
			o.Claims["acme"] = boundary.Claim{TenantID: "acme", UID: "uid-other"}
			return o
		}()},
		"no room":                {corpus: notes, seen: func() Observed { o := without(notes.Collection); o.Dedicated = 3; return o }()},
		"shape mismatch":         {corpus: notes, seen: notesChanged(func(c *Collection) { c.Vectors = []Vector{{Size: 8, Distance: "Cosine"}} })},
		"not ours":               {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp = nil })},
		"other Corpus":           {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp.CorpusUID = "uid-old" })},
		"other Corpus, retained": {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp.CorpusUID, c.Stamp.Retained = "uid-old", true })},
		"other Tenant":           {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp.TenantUID = "uid-old" })},
		"other kind":             {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp.Kind = KindReference })},
		"released":               {corpus: notes, seen: notesChanged(func(c *Collection) { c.Stamp.Retained = true })},
		"misplaced":              {corpus: misplaced, seen: whole()},
		"retained":               {corpus: gone(notes), seen: whole()},
		"retained, done": {corpus: gone(notes), seen: func() Observed {
			o := notesChanged(func(c *Collection) { c.Stamp.Retained = true })
			o.Grants = nil
			return o
		}()},
		"retained, after its Tenant":   {corpus: func() boundary.Corpus { c := gone(notes); c.TenantID, c.TenantUID = "", ""; return c }(), seen: whole()},
		"retained, of another Corpus":  {corpus: gone(notes), seen: notesChanged(func(c *Collection) { c.Stamp.CorpusUID = "uid-old" })},
		"retained, never built":        {corpus: gone(notes), seen: without(notes.Collection)},
		"retained, not ours":           {corpus: gone(notes), seen: notesChanged(func(c *Collection) { c.Stamp = nil })},
		"reference settled":            {corpus: rules(), seen: whole()},
		"reference with a new loader":  {corpus: rules(), loader: loader, token: loads, seen: whole()},
		"reference with its loader":    {corpus: rules(), loader: loader, token: loads, seen: loaded()},
		"reference, loader taken away": {corpus: rules(), seen: loaded()},
		"reference, tokens refused":    {corpus: rules(), loader: loader, token: loads, seen: func() Observed { o := whole(); o.Tokens = TokensRefused; return o }()},
		"reference not ours, loader":   {corpus: rules(), loader: loader, token: loads, seen: alter(loaded(), "reference_eu_rules", func(c *Collection) { c.Stamp = nil })},
		"reference retained":           {corpus: gone(rules()), seen: loaded()},
		"shared":                       {corpus: shared, seen: whole()},
		"shared, not declared":         {corpus: elsewhere, seen: whole()},
		"shared, not built yet":        {corpus: shared, seen: without("shared-documents")},
		"shared, not ours":             {corpus: shared, seen: alter(whole(), "shared-documents", func(c *Collection) { c.Stamp = nil })},
		"shared, mismatch":             {corpus: shared, seen: alter(whole(), "shared-documents", func(c *Collection) { c.Sparse = nil })},
		"shared, drifted":              {corpus: shared, seen: alter(whole(), "shared-documents", func(c *Collection) { c.Strict.Enabled = false })},
		"shared, retained":             {corpus: gone(shared), seen: whole()},
	} {
		t.Run(name, func(t *testing.T) { golden(t, printed(judge.DiffCorpus(s.corpus, s.loader, s.token, s.seen, now))) })
	}
}
