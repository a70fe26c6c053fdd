package gateway

import (
	"io"

	"google.golang.org/grpc/encoding"
)

// noCompressor is what Qdrant is told that its answers may be compressed with. It knows no such encoding, so it sends them as they
// are. The library would tell it of every compressor that is linked, gzip for one, with the exporter of traces: Qdrant uses that.
// Vectors hardly shrink, and how long an answer is must be known before it is there. To tell of none is no choice it offers.
type noCompressor struct{}

func init() { // the library takes compressors at no other time
	encoding.RegisterCompressor(noCompressor{})
}

// Name implements encoding.Compressor.
func (noCompressor) Name() string { return "tenantry-none" }

// Compress implements encoding.Compressor.
func (noCompressor) Compress(w io.Writer) (io.WriteCloser, error) { return plainWriter{w}, nil }

// Decompress implements encoding.Compressor.
func (noCompressor) Decompress(r io.Reader) (io.Reader, error) { return r, nil }

type plainWriter struct{ io.Writer }

// Close implements io.Closer.
func (plainWriter) Close() error { return nil }
