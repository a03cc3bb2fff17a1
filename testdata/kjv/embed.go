// Package kjv holds the real text that the program carries, so that the first run
// on text needs no network: the King James Version of the Bible, 31,102 verses with
// their books, 26,103 for training and 4,999, in whole chapters, as the test.
// make.py made the tables; LICENSE says what may be done with them. It holds nothing
// else: data sets are read by internal/dataset.
package kjv

import "embed"

// Files are train.tsv.zst and test.tsv.zst, with the columns label, verse and text.
//
//go:embed *.zst
var Files embed.FS
