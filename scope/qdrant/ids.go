package qdrant

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"

	pb "github.com/qdrant/go-client/qdrant"
)

// mappingInfo names the scheme in the derivation of its keys. Points are found again by it: it never changes.
const mappingInfo = "tenantry/id-mapping/v1"

// MappingKeyLength is the length in bytes of Config.MappingKey.
const MappingKeyLength = 32

// namespace maps the ids of one tenant's corpus to ids that no other tenant and no other corpus has.
//
// An id is one block of 128 bits: a UUID as it is, a number behind a secret tag of 64 bits. AES-128 under a key of this
// namespace makes of it the UUID that the server stores, and back. So mapping is a bijection without any state, and what
// another namespace stores decodes to noise.
type namespace struct {
	block cipher.Block
	tag   uint64
}

func newNamespace(key []byte, tenantUID, corpusUID string) (*namespace, error) {
	info := mappingInfo + "\x00" + tenantUID + "\x00" + corpusUID // the zeros keep (ab, c) and (a, bc) apart
	derived, err := hkdf.Key(sha256.New, key, nil, info, 16+8)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the id mapping: %w", err)
	}
	block, err := aes.NewCipher(derived[:16])
	if err != nil {
		return nil, fmt.Errorf("make the cipher of the id mapping: %w", err)
	}
	return &namespace{block: block, tag: binary.BigEndian.Uint64(derived[16:])}, nil
}

// scratch keeps the two blocks of one mapping off the heap (a cipher is called through an interface) and numbers together.
type scratch struct {
	in, out [16]byte
	numbers []pb.PointId_Num
}

func (s *scratch) num(n uint64) *pb.PointId_Num {
	if len(s.numbers) == 0 {
		s.numbers = make([]pb.PointId_Num, 16)
	}
	out := &s.numbers[0]
	s.numbers = s.numbers[1:]
	out.Num = n
	return out
}

// number maps a numeric id.
func (n *namespace) number(num uint64, s *scratch) string {
	binary.BigEndian.PutUint64(s.in[:8], n.tag)
	binary.BigEndian.PutUint64(s.in[8:], num)
	n.block.Encrypt(s.out[:], s.in[:])
	return formatUUID(&s.out)
}

// uuid maps a UUID in any spelling. It reports false for what is no UUID, and for the one in 2⁶⁴ that would read as a number.
func (n *namespace) uuid(text string, s *scratch) (string, bool) {
	if !parseUUID(text, &s.in) || binary.BigEndian.Uint64(s.in[:8]) == n.tag {
		return "", false
	}
	n.block.Encrypt(s.out[:], s.in[:])
	return formatUUID(&s.out), true
}

// seal maps an id in place. The caller has made sure that it is set.
func (n *namespace) seal(id *pb.PointId, s *scratch) *fault {
	mapped := ""
	switch v := id.PointIdOptions.(type) {
	case *pb.PointId_Num:
		mapped = n.number(v.Num, s)
	case *pb.PointId_Uuid:
		ok := false
		if mapped, ok = n.uuid(v.Uuid, s); !ok {
			return refusef(invalid, ReasonInvalidID, "Unable to parse UUID: %s", quoted(v.Uuid))
		}
	default:
		return refusef(invalid, ReasonIncomplete, "a point id is empty: set num or uuid")
	}
	id.PointIdOptions = &pb.PointId_Uuid{Uuid: mapped}
	return nil
}

// open turns a stored id back into the client's, in place. It reports false for an id that no namespace stores.
func (n *namespace) open(id *pb.PointId, s *scratch) bool {
	v, ok := id.GetPointIdOptions().(*pb.PointId_Uuid)
	if !ok || !n.decode(v.Uuid, s) {
		return false
	}
	if num, ok := n.opened(s); ok {
		id.PointIdOptions = s.num(num)
		return true
	}
	v.Uuid = formatUUID(&s.out)
	return true
}

// opened is the number that was decoded last; ok is false if it was a UUID.
func (n *namespace) opened(s *scratch) (num uint64, ok bool) {
	return binary.BigEndian.Uint64(s.out[8:]), binary.BigEndian.Uint64(s.out[:8]) == n.tag
}

func (n *namespace) decode(text string, s *scratch) bool {
	if !parseUUID(text, &s.in) {
		return false
	}
	n.block.Decrypt(s.out[:], s.in[:])
	return true
}

// idText is an id as the server writes it in texts.
func idText(id *pb.PointId) string {
	if v, ok := id.GetPointIdOptions().(*pb.PointId_Num); ok {
		return strconv.FormatUint(v.Num, 10)
	}
	return id.GetUuid()
}

// wireText is an id as the server writes it, whatever spelling the client used.
func wireText(id *pb.PointId) string {
	var canonical [16]byte
	if parseUUID(id.GetUuid(), &canonical) {
		return formatUUID(&canonical)
	}
	return idText(id)
}
