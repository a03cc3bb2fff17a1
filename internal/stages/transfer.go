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
	if s.handle == nil {
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
	return &transfer{
		saver:  g.Saver(loaded),
		prefix: filepath.Join(s.handle.Path, modelWeights),
		note: fmt.Sprintf("loaded %d of %d encoder tensors from %s, fresh: %d",
			len(loaded), s.meta.Tensors, s.handle.Unit, total-len(loaded)),
	}, nil
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
