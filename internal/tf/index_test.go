package tf

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// table writes keys and values as one block in LevelDB's format.
func table(pairs ...string) []byte {
	var data []byte
	for i := 0; i < len(pairs); i += 2 {
		data = entry(data, 0, pairs[i], pairs[i+1])
	}
	return tableOf(data)
}

func entry(b []byte, shared int, key, value string) []byte {
	for _, n := range []int{shared, len(key), len(value)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(append(b, key...), value...)
}

func tableOf(data []byte) []byte {
	seal := func(b []byte) []byte {
		b = append(b, 0, 0, 0, 0, 1, 0, 0, 0) // one restart point, at 0
		b = append(b, 0)                      // uncompressed
		crc := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return binary.LittleEndian.AppendUint32(b, (crc>>15|crc<<17)+maskDelta)
	}
	handle := func(offset, size int) []byte {
		return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(offset)), uint64(size))
	}
	file := seal(data)
	at := len(file)
	top := seal(entry(nil, 0, "z", string(handle(0, at-trailerSize))))
	file = append(file, top...)
	footer := append(handle(0, 0), handle(at, len(top)-trailerSize)...)
	footer = append(footer, make([]byte, footerSize-8-len(footer))...)
	return append(file, binary.LittleEndian.AppendUint64(footer, tableMagic)...)
}

// Protos by hand: header {num_shards: 1}; entry {dtype: float, shape [2, 3],
// size 24}.
const (
	headerProto = "\x08\x01"
	entryProto  = "\x08\x01\x12\x08\x12\x02\x08\x02\x12\x02\x08\x03\x28\x18"
)

func TestParseIndex(t *testing.T) {
	data := entry(nil, 0, "", headerProto)
	data = entry(data, 0, "block/a", entryProto)
	data = entry(data, 6, "b", entryProto)
	index, err := parseIndex(tableOf(data))
	if err != nil || len(index) != 2 {
		t.Fatalf("parsed %v, %v", index, err)
	}
	for _, key := range []string{"block/a", "block/b"} {
		if e := index[key]; e.DType != Float32 || !slices.Equal(e.Shape, Shape{2, 3}) || e.size != 24 {
			t.Errorf("%s is %+v", key, e)
		}
	}
}

func TestParseIndexRefuses(t *testing.T) {
	good := table("", headerProto, "v", entryProto)
	changed := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x40
		return b
	}
	long := entry(nil, 0, strings.Repeat("k", 1<<16), entryProto)
	for range 2000 {
		long = entry(long, 1<<16, "", "")
	}
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"empty":                {nil, "it has 0 bytes"},
		"text":                 {bytes.Repeat([]byte("no index"), 20), "not a checkpoint index"},
		"checksum":             {changed(3), "checksum"},
		"no header":            {table("v", entryProto), "no header"},
		"header":               {table("", "\xff"), "header"},
		"big endian":           {table("", "\x08\x01\x10\x01"), "big-endian"},
		"entry":                {table("", headerProto, "v", "\xff"), `entry "v"`},
		"negative size":        {table("", headerProto, "v", "\x12\x0d\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "dimension 0 has size -1"},
		"more shared than was": {tableOf(entry(nil, 9, "v", "")), "damaged: entry"},
		"names without end":    {tableOf(long), "names are longer"},
		"truncated":            {good[1:], "damaged"},
	} {
		if index, err := parseIndex(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, index, err, c.want)
		}
	}
}

func TestReadIndexOfNothing(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "absent")
	if _, err := ReadIndex(prefix); err == nil || !strings.Contains(err.Error(), "absent.index") {
		t.Errorf("the error is %v", err)
	}
	if err := os.WriteFile(prefix+indexSuffix, table("", headerProto), 0o644); err != nil {
		t.Fatal(err)
	}
	if index, err := ReadIndex(prefix); err != nil || len(index) != 0 {
		t.Errorf("a checkpoint of nothing is %v, %v", index, err)
	}
}

// Bytes are read as a file, and as the contents of a block whose checksums are
// right, since no mutation would make them so.
func FuzzParseIndex(f *testing.F) {
	f.Add(table("", headerProto, "v", entryProto))
	f.Add(entry(entry(nil, 0, "", headerProto), 0, "v", entryProto))
	f.Add([]byte{200, 200, 200, 1})
	f.Add(entry(nil, 1<<40, "v", entryProto))
	f.Add(make([]byte, footerSize))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, file := range [][]byte{raw, tableOf(raw)} {
			index, err := parseIndex(file)
			if err != nil {
				continue
			}
			for name, e := range index {
				if name == "" || len(e.Shape) > maxRank || slices.ContainsFunc(e.Shape, func(d int64) bool { return d < 0 }) {
					t.Errorf("entry %q is %+v", name, e)
				}
			}
		}
	})
}
