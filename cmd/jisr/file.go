package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// create writes a file that is there whole or not at all. A path of "-" is the
// standard output.
func (a *app) create(path string, mode fs.FileMode, write func(w io.Writer) error) error {
	if path == "-" {
		return write(a.out)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".jisr-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone under this name once it is renamed
	if err := errors.Join(write(f), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
