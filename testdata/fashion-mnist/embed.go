// Package fashionmnist holds the real images that the program carries, so that
// the first run needs no network: 12,000 training and 3,000 test images of
// Fashion-MNIST, balanced over its ten classes, in the format of the originals.
// cut.py made them; LICENSE is theirs. It holds nothing else: data sets are read
// by internal/dataset.
package fashionmnist

import "embed"

// Files are the four idx files of the subset, compressed by gzip.
//
//go:embed *.gz
var Files embed.FS
