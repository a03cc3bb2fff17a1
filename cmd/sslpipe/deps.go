package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// depsVariable names the environment variable that moves the folder of
// TensorFlow runtimes, for machines that share one.
const depsVariable = "SSLPIPE_DEPS"

// depsRoot is the folder that holds the installed TensorFlow runtimes: .deps
// beside the folder of the program's own file, that is, in the checkout.
func depsRoot() (string, error) {
	if root := os.Getenv(depsVariable); root != "" {
		return filepath.Abs(root)
	}
	file, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program's own file: %w", err)
	}
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return "", fmt.Errorf("find the program's own file: %w", err)
	}
	return filepath.Join(filepath.Dir(file), "..", ".deps"), nil
}
