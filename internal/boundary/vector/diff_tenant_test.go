package vector

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestDiffTenant(t *testing.T) {
	notes, mail := corpus("notes"), corpus("mail")
	sharedNotes := boundary.Corpus{Name: "shared", UID: "uid-shared", TenantID: "acme", TenantUID: "uid-acme", Pattern: boundary.Shared, Collection: "shared-documents"}
	empty := Observed{Version: "1.19.0", Tokens: TokensAccepted}
	without := func(tn boundary.Tenant) boundary.Tenant { tn.Credentials = nil; return tn }
	with := func(tn boundary.Tenant, a boundary.Access) boundary.Tenant { tn.Access = a; return tn }
	type situation struct {
		tenant boundary.Tenant
		token  *Claims
		seen   Observed
	}
	for name, s := range map[string]situation{
		"settled":                 {acme(notes), says(acme(notes)), server(acme(notes))},
		"new, closed":             {without(acme(notes)), nil, empty},
		"new, opened":             {acme(notes), says(acme(notes)), func() Observed { o := server(acme(notes)); o.Grants = nil; return o }()},
		"shared only":             {without(acme(sharedNotes)), nil, server(acme(sharedNotes))},
		"shared only with token":  {acme(sharedNotes), says(acme(notes)), func() Observed { o := server(acme(sharedNotes)); o.Grants = server(acme(notes)).Grants; return o }()},
		"shared not as declared":  {without(acme(sharedNotes)), nil, alter(server(acme(sharedNotes)), "shared-documents", func(c *Collection) { c.Strict = Strict{} })},
		"shared not declared":     {without(acme(boundary.Corpus{Name: "x", UID: "u", TenantID: "acme", TenantUID: "uid-acme", Pattern: boundary.Shared, Collection: "other"})), nil, server(acme())},
		"corpus added":            {acme(notes, mail), says(acme(notes)), server(acme(notes))},
		"corpus added, new token": {acme(notes, mail), &Claims{TokenID: "two", Owner: "uid-acme", Grants: AccessList(acme(notes, mail)), Expires: expiry}, server(acme(notes, mail))},
		"corpus removed":          {acme(notes), says(acme(notes, mail)), server(acme(notes, mail))},
		"reference removed":       {func() boundary.Tenant { a := acme(notes); a.References = nil; return a }(), says(acme(notes)), server(acme(notes))},
		"suspended":               {with(acme(notes), boundary.Suspended), says(acme(notes)), server(acme(notes))},
		"retained":                {with(acme(notes), boundary.Retained), says(acme(notes)), server(acme(notes))},
		"retained, done": {with(without(acme(notes)), boundary.Retained), nil, func() Observed {
			o := server(acme(notes))
			o.Grants, o.Claims["acme"] = nil, boundary.Claim{TenantID: "acme", UID: "uid-acme", Tombstone: true}
			return o
		}()},
		"retained, never claimed": {with(without(acme(notes)), boundary.Retained), nil, empty},
		"retained, lost the conflict": {with(acme(notes), boundary.Retained), nil, func() Observed {
			o := server(acme(notes))
			o.Claims["acme"] = boundary.Claim{TenantID: "acme", UID: "uid-other"}
			return o
		}()},
		"claimed by another": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			o.Claims["acme"] = boundary.Claim{TenantID: "acme", UID: "uid-other"}
			return o
		}()},
		"no credential in hand": {without(acme(notes)), nil, server(acme(notes))},
		"token not verified":    {acme(notes), nil, server(acme(notes))},
		"token of another":      {acme(notes), &Claims{TokenID: "one", Owner: "uid-other", Grants: AccessList(acme(notes)), Expires: expiry}, server(acme(notes))},
		"token expired":         {acme(notes), &Claims{TokenID: "one", Owner: "uid-acme", Grants: AccessList(acme(notes)), Expires: now}, server(acme(notes))},
		"old record expired": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			old := record("old", "uid-acme", AccessList(acme(notes))...)
			old.Expires = now
			o.Grants["uid-acme"] = append(o.Grants["uid-acme"], old)
			return o
		}()},
		"record changed by hand": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			o.Grants["uid-acme"] = []Record{record("one", "uid-acme", Grant{"tenant_acme_notes", Read})}
			return o
		}()},
		"record narrower than its token": {acme(notes), says(acme(notes, mail)), server(acme(notes))},
		"record widened by hand": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			o.Grants["uid-acme"] = append(o.Grants["uid-acme"], record("evil", "uid-acme", Grant{"tenant_globex_notes", PointsReadWrite}))
			return o
		}()},
		"collection not ours": {acme(notes, mail), says(acme(notes)), alter(server(acme(notes, mail)), "tenant_acme_mail", func(c *Collection) { c.Stamp = nil })},
		"collection not ours, token closed": {acme(notes, mail), says(acme(notes)), func() Observed {
			o := alter(server(acme(notes, mail)), "tenant_acme_mail", func(c *Collection) { c.Stamp = nil })
			o.Grants["uid-acme"] = []Record{record("one", "uid-acme", AccessList(acme(notes))...)}
			return o
		}()},
		"reference not ours": {acme(notes), says(acme(notes)), alter(server(acme(notes)), "reference_eu_rules", func(c *Collection) { c.Stamp.Kind = KindDedicated })},
		"corpus of another":  {acme(boundary.Corpus{Name: "notes", UID: "u", TenantID: "globex", TenantUID: "uid-globex", Pattern: boundary.Dedicated, Collection: "tenant_globex_notes"}), nil, server(acme())},
		"shape mismatch":     {acme(notes), says(acme(notes)), alter(server(acme(notes)), "tenant_acme_notes", func(c *Collection) { c.Vectors = []Vector{{Size: 8, Distance: "Dot"}} })},
		"no room":            {acme(notes, mail), says(acme(notes)), func() Observed { o := server(acme(notes)); o.Dedicated = 3; return o }()},
		"tokens refused":     {acme(notes), says(acme(notes)), func() Observed { o := empty; o.Tokens = TokensRefused; return o }()},
		"bounds off":         {acme(notes), says(acme(notes)), alter(server(acme(notes)), "tenant_acme_notes", func(c *Collection) { c.Strict = Strict{} })},
		"bounds looser": {acme(notes), says(acme(notes)), alter(server(acme(notes)), "tenant_acme_notes", func(c *Collection) {
			c.Strict = Strict{Enabled: true, MaxQueryLimit: 4000000000, MaxOversampling: 2, MaxPoints: 20001, RefuseExact: true}
		})},
		"bounds tighter": {acme(notes), says(acme(notes)), alter(server(acme(notes)), "tenant_acme_notes", func(c *Collection) {
			c.Strict = Strict{Enabled: true, MaxQueryLimit: 10, MaxEf: 20, MaxOversampling: 2, MaxPoints: 10, MaxConditions: 5, RefuseUnindexedReads: true}
		})},
		"alias in the place of a collection": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			o.Collections["tenant_acme_notes"] = server(acme()).Collections["shared-documents"]
			o.Aliases = map[string]string{"tenant_acme_notes": "shared-documents"}
			return o
		}()},
		"aliases of others": {acme(notes), says(acme(notes)), func() Observed {
			o := server(acme(notes))
			o.Aliases = map[string]string{"tenant_acme_old": "crm", "tenant_acmeco_notes": "crm", "crm": "tenant_acme_notes"}
			return o
		}()},
		"indexes differ": {acme(notes), says(acme(notes)), alter(server(acme(notes)), "tenant_acme_notes", func(c *Collection) {
			c.Indexes = []Index{{Field: "extra", Type: "Integer"}, {Field: "source", Type: "Text"}}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			if s.tenant.Credentials != nil && s.token != nil && s.token.TokenID == "two" {
				s.tenant.Credentials = map[boundary.Layer]boundary.Credential{boundary.Vector: {TokenID: "two"}}
			}
			golden(t, printed(judge.DiffTenant(s.tenant, s.token, s.seen, now)))
		})
	}
}
