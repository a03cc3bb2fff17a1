package functions

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"sslpipe/internal/bounded"
	"sslpipe/internal/schema"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// World is what functions can look at outside of the pipeline.
type World struct {
	// Dir is the folder that paths of files are relative to.
	Dir string
	// Read returns the content of a file, and is told whether its path is written
	// absolute; nil is ReadText.
	Read func(path string, absolute bool) ([]byte, error)
	// Env returns a variable of the environment, or why it may not be read; nil
	// has none.
	Env func(name string) (string, error)
}

const world = "Files and environment"

// worldFunctions look at the world, so that a plan can change while its files do
// not. What they return becomes part of settings, and so of fingerprints.
var worldFunctions = []Function{
	{Name: "env", Group: world, Doc: "Returns a variable of the environment that was allowed.", Func: envFunc(World{}), in: envFunc,
		Example: `env("USER")`, Result: `"ada"`},
	{Name: "file", Group: world, Doc: "Returns the text of a file, UTF-8 of at most 1 MiB; its path is relative to the folder of the pipeline file that calls it.", Func: fileFunc(World{}), in: fileFunc,
		Example: `split("\n", chomp(file("classes.txt")))`, Result: `["cat", "dog"]`},
}

func envFunc(w World) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("name")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if w.Env == nil {
				return cty.NilVal, errors.New("no variable of the environment may be read here")
			}
			value, err := w.Env(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(value), nil
		},
	})
}

func fileFunc(w World) function.Function {
	read := w.Read
	if read == nil {
		read = func(path string, _ bool) ([]byte, error) { return ReadText(path) }
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("path")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			absolute := filepath.IsAbs(path)
			if !absolute {
				path = filepath.Join(w.Dir, path)
			}
			text, err := read(path, absolute)
			switch {
			case errors.Is(err, bounded.ErrTooLong) || len(text) > MaxText:
				return cty.NilVal, fmt.Errorf("%s has more than %d bytes", path, MaxText)
			case err != nil:
				return cty.NilVal, unreadable(path, err)
			case !utf8.Valid(text):
				return cty.NilVal, fmt.Errorf("%s is not text in UTF-8", path)
			}
			return cty.StringVal(string(text)), nil
		},
	})
}

// unreadable says why a file cannot be read, and which one may have been meant.
func unreadable(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	hint := schema.NearestFile(path)
	if hint != "" { // HCL puts a full stop behind errors of functions
		hint = " (d" + strings.TrimPrefix(hint, " D") + ")"
	}
	return fmt.Errorf("reading %s failed: %w%s", path, err, hint)
}

// ReadText reads a file from disk, if it is not too long for file. Only regular files: a pipe
// could make a plan wait forever.
func ReadText(path string) ([]byte, error) {
	return bounded.ReadFile(path, MaxText)
}
