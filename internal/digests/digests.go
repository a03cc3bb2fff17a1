// Package digests remembers the digests of files, so that data which was read once is
// not read whole by every command that plans.
//
// It refuses to believe a memory that could be wrong. A file counts as unchanged where
// its device, inode, size, time of modification and time of change (which only the
// kernel sets) are the ones it had before and after it was read. A file that changed
// within a minute of being read is read again next time, as git does with "racily
// clean" files: two changes within the granularity of a clock, or a change through a
// mapping whose pages are not yet on the disk, leave no other trace. On file systems
// with a clock of another machine nothing is remembered. What it cannot see is a disk
// that loses bits; stored results have digests of their own against that.
package digests

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"sslpipe/internal/seal"
)

// settled is how long before it is read a file must have been left alone.
const settled = time.Minute

// mostKept bounds the memory. What is asked for last stays.
const mostKept = 1 << 17

// Cache is such a memory, kept in a file. It may be used from several goroutines.
type Cache struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	read    bool // the file has been
	changed bool
	known   map[string]state // by absolute path
	asked   map[string]bool
}

// state is a file as it was when its digest was taken.
type state struct {
	Device   uint64 `json:"device"`
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // ns
	Changed  int64  `json:"changed"`  // ns
	SHA256   string `json:"sha256,omitempty"`
}

// document is the file that a cache is kept in.
type document struct {
	Files map[string]state `json:"files"`
}

// New returns the cache that is kept in a file, which is read when it is first needed.
// A file that is missing or damaged is an empty cache.
func New(path string) *Cache {
	return &Cache{path: path, now: time.Now, known: map[string]state{}, asked: map[string]bool{}}
}

// SHA256 returns the digest of a file, in hexadecimal.
func (c *Cache) SHA256(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	before, err := stateOf(f)
	if err != nil {
		return "", err
	}
	if sum, ok := c.remember(path, before); ok {
		return sum, nil
	}
	began := c.now()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	after, err := stateOf(f)
	if err != nil {
		return "", err
	}
	if after == before && before.settledBy(began) && ownClock(f) {
		before.SHA256 = sum
		c.keep(path, before)
	}
	return sum, nil
}

func stateOf(f *os.File) (state, error) {
	info, err := f.Stat()
	if err != nil {
		return state{}, err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return state{}, fmt.Errorf("%s: the system does not tell what it is", f.Name())
	}
	return state{Device: s.Dev, Inode: s.Ino, Size: s.Size, Modified: s.Mtim.Nano(), Changed: s.Ctim.Nano()}, nil
}

func (s state) settledBy(t time.Time) bool {
	return max(s.Modified, s.Changed) < t.Add(-settled).UnixNano()
}

// local are the file systems that take times from the clock of this machine, by what
// statfs calls them: ext4, xfs, btrfs, f2fs, zfs, tmpfs, overlay.
var local = []uint32{0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630}

func ownClock(f *os.File) bool {
	var s syscall.Statfs_t
	err := syscall.Fstatfs(int(f.Fd()), &s)
	return err == nil && slices.Contains(local, uint32(s.Type))
}

func (c *Cache) remember(path string, now state) (sum string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	c.asked[path] = true
	then, ok := c.known[path]
	sum = then.SHA256
	then.SHA256 = ""
	return sum, ok && then == now
}

func (c *Cache) keep(path string, s state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[path], c.changed = s, true
}

// load reads the file, the first time. The caller holds the lock.
func (c *Cache) load() {
	if c.read {
		return
	}
	c.read = true
	text, err := os.ReadFile(c.path)
	if err != nil {
		return
	}
	var d document
	if errors.Join(seal.Check(text), json.Unmarshal(text, &d)) == nil && d.Files != nil {
		c.known = d.Files
	}
}

// Save writes the file, where there is something new and its folder is there. What
// another process has added meanwhile is lost, and found out again.
func (c *Cache) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := os.Stat(filepath.Dir(c.path)); !c.changed || err != nil {
		return nil
	}
	if len(c.known) > mostKept {
		maps.DeleteFunc(c.known, func(path string, _ state) bool { return !c.asked[path] })
	}
	text, err := json.MarshalIndent(document{Files: c.known}, "", "  ")
	if err == nil {
		err = renameio.WriteFile(c.path, seal.Seal(append(text, '\n')), 0o666, renameio.WithTempDir(filepath.Dir(c.path)))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", c.path, err)
	}
	c.changed = false
	return nil
}
