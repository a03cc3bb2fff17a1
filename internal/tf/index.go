package tf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/bounded"
)

// The files of a checkpoint, which has one shard when this package writes it.
const (
	indexSuffix = ".index"
	dataSuffix  = ".data-00000-of-00001"
)

// IndexEntry describes one tensor of a checkpoint.
type IndexEntry struct {
	DType DType
	Shape Shape

	offset, size int64 // in the data file
}

// What an index may be: a hostile one should not cost memory.
const (
	maxIndexFile = 64 << 20 // bytes of the file
	maxIndexKeys = 64 << 20 // bytes of all names, which share prefixes in the file
	maxRank      = 254      // TensorFlow's own limit
)

// ReadIndex lists the tensors of the checkpoint prefix by name, from its .index
// file, without TensorFlow. Damaged files are errors.
func ReadIndex(prefix string) (map[string]IndexEntry, error) {
	index, err := readIndex(prefix)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint index %s: %w", prefix+indexSuffix, err)
	}
	return index, nil
}

func readIndex(prefix string) (map[string]IndexEntry, error) {
	raw, err := bounded.ReadFile(prefix+indexSuffix, maxIndexFile)
	if err != nil {
		return nil, err
	}
	return parseIndex(raw)
}

// parseIndex reads the names and protos of an index: the empty name holds the
// header, every other a tensor.
func parseIndex(raw []byte) (map[string]IndexEntry, error) {
	index := map[string]IndexEntry{}
	header := false
	err := eachEntry(raw, func(key string, value []byte) error {
		if key == "" {
			header = true
			return checkHeader(value)
		}
		e, err := parseEntry(value)
		if err != nil {
			return fmt.Errorf("entry %q: %w", key, err)
		}
		index[key] = e
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !header {
		return nil, errors.New("it has no header")
	}
	return index, nil
}

func checkHeader(value []byte) error {
	var h corepb.BundleHeaderProto
	if err := proto.Unmarshal(value, &h); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if h.GetEndianness() != corepb.BundleHeaderProto_LITTLE {
		return errors.New("it was written on a big-endian machine")
	}
	return nil
}

func parseEntry(value []byte) (IndexEntry, error) {
	var b corepb.BundleEntryProto
	if err := proto.Unmarshal(value, &b); err != nil {
		return IndexEntry{}, err
	}
	dims := b.GetShape().GetDim()
	if len(dims) > maxRank || b.GetShape().GetUnknownRank() {
		return IndexEntry{}, fmt.Errorf("a tensor of %d dimensions", len(dims))
	}
	e := IndexEntry{DType: DType(b.GetDtype()), Shape: make(Shape, len(dims)), offset: b.GetOffset(), size: b.GetSize()}
	for i, d := range dims {
		if d.GetSize() < 0 {
			return IndexEntry{}, fmt.Errorf("dimension %d has size %d", i, d.GetSize())
		}
		e.Shape[i] = d.GetSize()
	}
	if e.offset < 0 || e.size < 0 || e.offset+e.size < 0 {
		return IndexEntry{}, fmt.Errorf("%d bytes at %d", e.size, e.offset)
	}
	return e, nil
}

// The file is a table in LevelDB's format: blocks of sorted entries, a block that
// lists the blocks, and a footer that finds it.
const (
	footerSize   = 48
	trailerSize  = 5 // of a block: compression, checksum
	tableMagic   = 0xdb4775248b80fb57
	maskDelta    = 0xa282ead8
	uncompressed = 0
)

var errDamaged = errors.New("it is damaged")

// eachEntry calls f for all entries of a table in order.
func eachEntry(raw []byte, f func(key string, value []byte) error) error {
	if len(raw) < footerSize {
		return fmt.Errorf("%w: it has %d bytes", errDamaged, len(raw))
	}
	footer := raw[len(raw)-footerSize:]
	if binary.LittleEndian.Uint64(footer[footerSize-8:]) != tableMagic {
		return errors.New("it is not a checkpoint index")
	}
	rest := footer
	for range 2 { // where the unused metaindex block is
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return fmt.Errorf("%w: footer", errDamaged)
		}
		rest = rest[n:]
	}
	top, err := block(raw, rest)
	if err != nil {
		return err
	}
	budget := maxIndexKeys
	return eachInBlock(top, &budget, func(_ string, at []byte) error {
		entries, err := block(raw, at)
		if err != nil {
			return err
		}
		return eachInBlock(entries, &budget, f)
	})
}

// block returns the checked contents of the block whose offset and size at
// encodes.
func block(raw, at []byte) ([]byte, error) {
	offset, n := binary.Uvarint(at)
	if n <= 0 {
		return nil, fmt.Errorf("%w: block handle", errDamaged)
	}
	size, m := binary.Uvarint(at[n:])
	total := uint64(len(raw))
	if m <= 0 || offset > total || size > total-offset || total-offset-size < trailerSize {
		return nil, fmt.Errorf("%w: block handle", errDamaged)
	}
	body := raw[offset : offset+size+1] // the checksum covers the compression byte
	crc := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	if masked := (crc>>15 | crc<<17) + maskDelta; masked != binary.LittleEndian.Uint32(raw[offset+size+1:]) {
		return nil, fmt.Errorf("%w: the checksum of a block is wrong", errDamaged)
	}
	if body[size] != uncompressed {
		return nil, fmt.Errorf("its blocks are compressed (%d), which TensorFlow does not do", body[size])
	}
	return body[:size], nil
}

// eachInBlock decodes the entries of a block: a key is the start of the one
// before and a rest of its own. The list of restart points at the end is for
// searching only.
func eachInBlock(b []byte, budget *int, f func(key string, value []byte) error) error {
	if len(b) < 4 {
		return fmt.Errorf("%w: short block", errDamaged)
	}
	restarts := uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	if restarts*4 > uint64(len(b)-4) {
		return fmt.Errorf("%w: restart points", errDamaged)
	}
	b = b[:uint64(len(b)-4)-restarts*4]
	var key []byte
	for len(b) > 0 {
		var sizes [3]uint64 // shared with the key before, own, value
		for i := range sizes {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return fmt.Errorf("%w: entry", errDamaged)
			}
			sizes[i], b = v, b[n:]
		}
		shared, own, value := sizes[0], sizes[1], sizes[2]
		if shared > uint64(len(key)) || own > uint64(len(b)) || value > uint64(len(b))-own {
			return fmt.Errorf("%w: entry", errDamaged)
		}
		key = append(key[:shared], b[:own]...)
		if *budget -= len(key); *budget < 0 {
			return fmt.Errorf("its names are longer than %d bytes together", maxIndexKeys)
		}
		if err := f(string(key), b[own:own+value]); err != nil {
			return err
		}
		b = b[own+value:]
	}
	return nil
}
