package train

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
)

// Trace is a number of every step, as the graph computed it. In JSON it is its
// bytes in base64, little-endian, since a checkpoint writes all of it each time.
type Trace []float32

// MarshalJSON implements json.Marshaler.
func (t Trace) MarshalJSON() ([]byte, error) {
	bytes := make([]byte, 0, 4*len(t))
	for _, x := range t {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(x))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(bytes))
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Trace) UnmarshalJSON(text []byte) error {
	var bytes []byte
	if err := json.Unmarshal(text, &bytes); err != nil {
		return err
	}
	if len(bytes)%4 != 0 {
		return fmt.Errorf("a trace of %d bytes is not of float32 numbers", len(bytes))
	}
	*t = make(Trace, len(bytes)/4)
	for i := range *t {
		(*t)[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
	}
	return nil
}

// WriteFile writes a line of "step,loss" for each step, from 1, in the shortest
// form that reads back as the same number.
func (t Trace) WriteFile(path string) error {
	text := []byte("step,loss\n")
	for i, x := range t {
		text = strconv.AppendInt(text, int64(i+1), 10)
		text = append(text, ',')
		text = append(strconv.AppendFloat(text, float64(x), 'g', -1, 32), '\n')
	}
	return os.WriteFile(path, text, 0o644)
}
