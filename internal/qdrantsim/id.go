package qdrantsim

import (
	"bytes"
	"cmp"
	"strconv"

	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"
)

// pointID is an id in canonical form, comparable and ordered.
type pointID struct {
	isUUID bool
	num    uint64
	uuid   uuid.UUID
}

// parseID accepts every spelling of a UUID that the server does: hyphenated,
// 32 hex digits, in braces, as a URN, in any case.
func parseID(id *qdrant.PointId) (pointID, error) {
	switch v := id.GetPointIdOptions().(type) {
	case *qdrant.PointId_Num:
		return pointID{num: v.Num}, nil
	case *qdrant.PointId_Uuid:
		u, err := parseUUID(v.Uuid)
		if err != nil {
			return pointID{}, malformed("Unable to parse UUID: %s", v.Uuid)
		}
		return pointID{isUUID: true, uuid: u}, nil
	}
	return pointID{}, malformed("No ID options provided")
}

// parseUUID is uuid.Parse without its tolerance for any two outer characters
// in the place of braces.
func parseUUID(s string) (uuid.UUID, error) {
	if len(s) == 38 && (s[0] != '{' || s[37] != '}') {
		return uuid.UUID{}, strconv.ErrSyntax
	}
	return uuid.Parse(s)
}

func parseIDs(ids []*qdrant.PointId) ([]pointID, error) {
	out := make([]pointID, 0, len(ids))
	for _, id := range ids {
		p, err := parseID(id)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (id pointID) proto() *qdrant.PointId {
	if id.isUUID {
		return qdrant.NewIDUUID(id.uuid.String())
	}
	return qdrant.NewIDNum(id.num)
}

func (id pointID) String() string {
	if id.isUUID {
		return id.uuid.String()
	}
	return strconv.FormatUint(id.num, 10)
}

// compareIDs orders all numbers before all UUIDs, each kind ascending.
func compareIDs(a, b pointID) int {
	switch {
	case a.isUUID != b.isUUID && a.isUUID:
		return 1
	case a.isUUID != b.isUUID:
		return -1
	case a.isUUID:
		return bytes.Compare(a.uuid[:], b.uuid[:])
	}
	return cmp.Compare(a.num, b.num)
}
