package budget

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// The spool is a file of records, each of which stands for itself:
//
//	mark, 4 bytes | length of the body, 2 bytes | CRC-32C of length and body, 4 bytes | body
//
// The body is the operation, one byte; tenant, id and model, each with its length before it; input tokens, output tokens and
// the second it was written, as varints.
const (
	recordMark = "TNb1"
	recordHead = len(recordMark) + 2 + 4
	// recordMost is more than any record takes: the longest names, and the longest numbers.
	recordMost = recordHead + 1 + 3*(2+maxName) + 3*binary.MaxVarintLen64
)

// What a record does.
const (
	opHold byte = 'h' // granted, and neither settled nor released
	opUse  byte = 'u' // settled
	opFree byte = 'f' // released
	opDone byte = 'd' // the ledger has it
)

type record struct {
	op                byte
	tenant, id, model string
	in, out           int64
	at                int64 // seconds of the epoch
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendTo writes the record behind b.
func (r record) appendTo(b []byte) []byte {
	start := len(b)
	b = append(b, recordMark...)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = append(b, r.op)
	for _, s := range []string{r.tenant, r.id, r.model} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, n := range []int64{r.in, r.out, r.at} {
		b = binary.AppendVarint(b, n)
	}
	head := b[start+len(recordMark):]
	binary.LittleEndian.PutUint16(head, uint16(len(b)-start-recordHead))
	binary.LittleEndian.PutUint32(head[2:], checksum(head))
	return b
}

// checksum of what begins with a length and has its body 6 bytes on.
func checksum(head []byte) uint32 {
	return crc32.Update(crc32.Checksum(head[:2], castagnoli), castagnoli, head[6:])
}

// readRecord reads one from the beginning of b and says how long it is, 0 if there is none.
func readRecord(b []byte) (record, int) {
	if len(b) < recordHead || string(b[:len(recordMark)]) != recordMark {
		return record{}, 0
	}
	end := recordHead + int(binary.LittleEndian.Uint16(b[len(recordMark):]))
	if end > recordMost || end > len(b) {
		return record{}, 0
	}
	head := b[len(recordMark):end]
	if binary.LittleEndian.Uint32(head[2:]) != checksum(head) {
		return record{}, 0
	}
	r, ok := readBody(b[recordHead:end])
	if !ok || !bytes.Equal(r.appendTo(nil), b[:end]) { // there is one way to write it
		return record{}, 0
	}
	return r, end
}

func readBody(b []byte) (r record, ok bool) {
	if len(b) == 0 {
		return r, false
	}
	r.op, b = b[0], b[1:]
	for _, s := range []*string{&r.tenant, &r.id, &r.model} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > maxName || n > uint64(len(b)-size) {
			return r, false
		}
		*s, b = string(b[size:size+int(n)]), b[size+int(n):]
	}
	for _, v := range []*int64{&r.in, &r.out, &r.at} {
		n, size := binary.Varint(b)
		if size <= 0 {
			return r, false
		}
		*v, b = n, b[size:]
	}
	return r, len(b) == 0 && r.valid()
}

func (r record) valid() bool {
	return bytes.IndexByte([]byte{opHold, opUse, opFree, opDone}, r.op) >= 0 && r.tenant != "" && r.id != "" &&
		r.in >= 0 && r.in <= maxTokens && r.out >= 0 && r.out <= maxTokens
}

// readRecords reads all that are whole. whole is where the last of them ends: what comes behind was being written when the
// program ended. lost counts the bytes before it that are no records, which no crash explains.
func readRecords(b []byte) (records []record, whole, lost int) {
	for at := 0; at < len(b); {
		r, size := readRecord(b[at:])
		if size > 0 {
			lost += at - whole
			records = append(records, r)
			at += size
			whole = at
			continue
		}
		next := bytes.Index(b[at+1:], []byte(recordMark))
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return records, whole, lost
}
