package stages

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/tf"
)

// transfer copies an encoder's weights into a training session.
type transfer struct {
	saver  *tf.Saver // nil: nothing to copy
	prefix string
	note   string
}

// newTransfer prepares to load the encoder of s, but for the block freshFrom and
// those after it. Every variable that is asked for must be there with the same
// shape: there is no partial match. Total counts the classifier's variables.
func newTransfer(g *tf.Graph, s source, encoder []*tf.Variable, freshFrom string, total int) (*transfer, error) {
	if s.handle == nil && s.values == nil {
		return &transfer{note: fmt.Sprintf("random weights (%d tensors)", total)}, nil
	}
	loaded := encoder
	if freshFrom != "" {
		first := slices.IndexFunc(encoder, func(v *tf.Variable) bool {
			return strings.HasPrefix(v.Name, freshFrom+"_") || strings.HasPrefix(v.Name, freshFrom+"/")
		})
		if first < 0 {
			return nil, fmt.Errorf("fresh_from: the network has no block %q", freshFrom)
		}
		loaded = encoder[:first]
	}
	if s.values != nil {
		return givenTransfer(g, s, encoder, loaded, total)
	}
	return &transfer{
		saver:  g.Saver(loaded),
		prefix: filepath.Join(s.handle.Path, modelWeights),
		note: fmt.Sprintf("loaded %d of %d encoder tensors from %s, fresh: %d",
			len(loaded), s.meta.Tensors, s.handle.Unit, total-len(loaded)),
	}, nil
}

// givenTransfer loads the values of a given model.
func givenTransfer(g *tf.Graph, s source, encoder, loaded []*tf.Variable, total int) (*transfer, error) {
	values := map[string]*tf.Tensor{}
	var wrong []string
	for _, v := range loaded {
		value, ok := s.values[v.Name]
		switch {
		case !ok:
			wrong = append(wrong, v.Name+" is missing")
		case !slices.Equal(value.Dims(), v.Shape.Ints()) || value.DType() != tf.Float32:
			wrong = append(wrong, fmt.Sprintf("%s is %v there and %v here", v.Name, value.Dims(), v.Shape.Ints()))
		default:
			values[v.Name] = value
		}
	}
	if n := len(wrong); n > 0 {
		if n > 3 {
			wrong = append(wrong[:3], fmt.Sprintf("and %d more", n-3))
		}
		return nil, fmt.Errorf("the weights of the model %s do not fit the backbone: %s", s.given, strings.Join(wrong, "; "))
	}
	return &transfer{
		saver:  g.Saver(loaded),
		prefix: s.copied,
		note: fmt.Sprintf("loaded %d of %d encoder tensors from the model %s, fresh: %d, not used of the model's: %d",
			len(loaded), len(encoder), s.given, total-len(loaded), len(s.values)-len(loaded)),
	}, tf.WriteCheckpoint(s.copied, values)
}

func (t *transfer) run(s *tf.Session, logf func(string, ...any)) error {
	if t.saver != nil {
		if err := t.saver.Restore(s, t.prefix); err != nil {
			return fmt.Errorf("load encoder: %w", err)
		}
	}
	logf("%s", t.note)
	return nil
}
