package qdrant

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// The members of a record's payload.
const (
	fieldKind      = "kind"
	fieldUID       = "uid"
	fieldToken     = "token"
	fieldOwner     = "tenant_uid"
	fieldTenantID  = "tenant_id"
	fieldTombstone = "tombstone"

	kindMarker = "marker"
	kindTenant = "tenant"
	kindGrant  = "grant"
)

// space makes the ids of records: the same record has the same id whoever writes it.
var space = uuid.MustParse("6f0b7a3e-2c1d-5b8e-9f47-1d2a3c4b5e60")

func recordID(parts string) *pb.PointId {
	return pb.NewIDUUID(uuid.NewSHA1(space, []byte(parts)).String())
}

func markerID() *pb.PointId               { return recordID(kindMarker) }
func claimID(tenantID string) *pb.PointId { return recordID(kindTenant + "\x00" + tenantID) }
func grantID(r vector.Record) *pb.PointId {
	return recordID(kindGrant + "\x00" + r.Owner + "\x00" + r.TokenID)
}

// recordPoint gives a record the one-dimensional vector that a point must have.
func recordPoint(id *pb.PointId, payload map[string]any) *pb.PointStruct {
	return &pb.PointStruct{Id: id, Vectors: pb.NewVectors(1), Payload: pb.NewValueMap(payload)}
}

func markerPoint(m boundary.Marker) *pb.PointStruct {
	return recordPoint(markerID(), map[string]any{
		fieldKind: kindMarker, "plane": m.Plane, "installation": m.Installation,
		"schema_version": int64(m.SchemaVersion), "key_fingerprint": m.KeyFingerprint,
	})
}

func markerOf(p map[string]*pb.Value) boundary.Marker {
	return boundary.Marker{
		Plane: p["plane"].GetStringValue(), Installation: p["installation"].GetStringValue(),
		SchemaVersion: int(p["schema_version"].GetIntegerValue()), KeyFingerprint: p["key_fingerprint"].GetStringValue(),
	}
}

func claimPoint(c boundary.Claim) *pb.PointStruct {
	return recordPoint(claimID(c.TenantID), map[string]any{
		fieldKind: kindTenant, fieldTenantID: c.TenantID, fieldUID: c.UID, fieldTombstone: c.Tombstone,
	})
}

func claimOf(p map[string]*pb.Value) boundary.Claim {
	return boundary.Claim{
		TenantID: p[fieldTenantID].GetStringValue(), UID: p[fieldUID].GetStringValue(), Tombstone: p[fieldTombstone].GetBoolValue(),
	}
}

func grantPoint(r vector.Record) *pb.PointStruct {
	grants := make([]any, 0, len(r.Grants))
	for _, g := range r.Grants {
		grants = append(grants, map[string]any{"name": g.Collection, "access": string(g.Access)})
	}
	return recordPoint(grantID(r), map[string]any{
		fieldKind: kindGrant, fieldToken: r.TokenID, fieldOwner: r.Owner, "collections": grants, "exp": r.Expires.Unix(),
	})
}

// grantOf reads a record. One that was made by hand is read as far as it goes: without an end it has expired.
func grantOf(id *pb.PointId, p map[string]*pb.Value) vector.Record {
	r := vector.Record{
		Point: idText(id), TokenID: p[fieldToken].GetStringValue(), Owner: p[fieldOwner].GetStringValue(),
		Expires: time.Unix(p["exp"].GetIntegerValue(), 0).UTC(),
	}
	for _, v := range p["collections"].GetListValue().GetValues() {
		f := v.GetStructValue().GetFields()
		r.Grants = append(r.Grants, vector.Grant{
			Collection: f["name"].GetStringValue(), Access: vector.Access(f["access"].GetStringValue()),
		})
	}
	slices.SortFunc(r.Grants, func(a, b vector.Grant) int { return cmp.Compare(a.Collection, b.Collection) })
	return r
}

func idText(id *pb.PointId) string {
	if u := id.GetUuid(); u != "" {
		return u
	}
	return strconv.FormatUint(id.GetNum(), 10)
}

func idOf(text string) *pb.PointId {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return pb.NewIDNum(n)
	}
	return pb.NewIDUUID(text)
}
