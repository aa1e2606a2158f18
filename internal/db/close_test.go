package db

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestClosedFileHasEverythingInIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jisr.db")
	for i := range 20 {
		d, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(t.Context(), func(tx *Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE journal SET position = $1`, i)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.Reader().QueryRow(`SELECT position FROM journal`).Scan(&n); err != nil || n != i {
			t.Fatal(n, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("time %d: a write-ahead log is left beside the closed file: %v", i, err)
		}
	}
}
