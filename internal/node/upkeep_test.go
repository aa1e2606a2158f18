package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"jisr/internal/db"
)

func TestServedNodeTidiesUp(t *testing.T) {
	n := start(t, db.SQLite, "kuna.test")
	n.stop()
	old := filepath.Join(n.Config.Data, "media", "tmp", "put-abandoned")
	if err := os.WriteFile(old, []byte("half a film"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * abandonedAfter)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	n.serve(n.Config)
	eventually(t, "the abandoned file is gone", func() bool {
		_, err := os.Stat(old)
		return os.IsNotExist(err)
	})
}
