package backbone

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// array is one entry of an .npz file.
type array struct {
	dims   []int
	values []float64
}

// norm is the Euclidean norm.
func (a array) norm() float64 {
	var sum float64
	for _, v := range a.values {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// readNPZ reads little-endian float32, float64 and uint8 arrays in C order.
func readNPZ(t *testing.T, path string) map[string]array {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	}()
	arrays := map[string]array{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		a, err := parseNPY(raw)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		arrays[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return arrays
}

var npyHeader = regexp.MustCompile(`'descr': '([<|]..)', 'fortran_order': False, 'shape': \(([0-9, ]*)\)`)

func parseNPY(raw []byte) (array, error) {
	const prefix = 10 // magic, version 1.0, length of the header
	length := int(binary.LittleEndian.Uint16(raw[8:]))
	m := npyHeader.FindSubmatch(raw[prefix : prefix+length])
	if m == nil {
		return array{}, fmt.Errorf("unknown header %q", raw[prefix:prefix+length])
	}
	size := 1
	var a array
	for field := range strings.FieldsFuncSeq(string(m[2]), func(r rune) bool { return r == ',' || r == ' ' }) {
		d, err := strconv.Atoi(field)
		if err != nil {
			return array{}, err
		}
		a.dims, size = append(a.dims, d), size*d
	}
	data := raw[prefix+length:]
	a.values = make([]float64, size)
	for i := range a.values {
		switch string(m[1]) {
		case "<f4":
			a.values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		case "<f8":
			a.values[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		case "|u1":
			a.values[i] = float64(data[i])
		}
	}
	return a, nil
}

// The functions below repeat those of the same names in
// testdata/make_keras_golden.py, bit for bit.

func fnv1a(name string) uint64 {
	h := uint64(0xCBF29CE484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001B3
	}
	return h
}

// bits is the hash of element i of what is called name.
func bits(name uint64, i int) uint64 {
	z := name + uint64(i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func uniform(name string, size int, centre, spread float64) []float32 {
	values, h := make([]float32, size), fnv1a(name)
	for i := range values {
		u := float64(bits(h, i)>>40) / (1 << 24)
		values[i] = float32(centre + spread*(2*u-1))
	}
	return values
}

// formula is the value of a variable.
func formula(path string, dims []int) []float32 {
	size := 1
	for _, d := range dims {
		size *= d
	}
	switch path[strings.LastIndex(path, "/")+1:] {
	case "kernel":
		fanIn := dims[0] * dims[1]
		if !strings.Contains(path, "depthwise") {
			fanIn *= dims[2]
		}
		return uniform(path, size, 0, math.Sqrt(6/float64(fanIn)))
	case "gamma":
		return uniform(path, size, 1, 0.3)
	case "beta":
		return uniform(path, size, 0, 0.3)
	case "moving_mean":
		return uniform(path, size, 0, 0.2)
	default: // moving_variance
		return uniform(path, size, 1, 0.5)
	}
}

// project returns the sums of the values with the 16 sets of random signs.
func project(name string, values []float32) [16]float64 {
	var sums [16]float64
	h := fnv1a("sign/" + name)
	for i, v := range values {
		z := bits(h, i)
		for k := range sums {
			if z>>k&1 == 1 {
				sums[k] += float64(v)
			} else {
				sums[k] -= float64(v)
			}
		}
	}
	return sums
}
