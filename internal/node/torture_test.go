package node

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// victimEnv has the test binary run as a node that is to be killed: the settings
// of the node as JSON.
const victimEnv = "JISR_TORTURE_VICTIM"

func TestMain(m *testing.M) {
	if settings := os.Getenv(victimEnv); settings != "" {
		if err := victim(settings, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "victim:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim serves the node and publishes without end, each act written to out once
// it was acknowledged. It ends only by being killed, or with an error.
func victim(settings string, out io.Writer) error {
	var c struct {
		Config
		Data  string
		Round int
	}
	if err := json.Unmarshal([]byte(settings), &c); err != nil {
		return err
	}
	c.Config.Data = c.Data
	ctx := context.Background()
	n, err := Open(ctx, &c.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go n.Ledger.Follow(ctx, witness())
	go func() {
		failed <- n.Serve(ctx, func(net.Addr) {
			fmt.Fprintln(out, "ready")
			for writer := range 4 {
				go publishForever(ctx, n, c.Round, writer, out, failed)
			}
		})
	}()
	return <-failed
}

func publishForever(ctx context.Context, n *Node, round, writer int, out io.Writer, failed chan<- error) {
	for i := 0; ; i++ {
		uri := fmt.Sprintf("urn:torture:%d:%d:%d", round, writer, i)
		for version, act := range []news.Act{news.Publish, news.Update} {
			got, err := n.Newsroom.Issue(ctx, newsroom.Issue{Act: act, Item: story(uri, "en", uri), Desk: "science", Actor: chief})
			if err != nil || got.Version != version+1 {
				failed <- fmt.Errorf("%s %s: version %v: %w", act, uri, got, err)
				return
			}
			// One write: the pipe keeps a line whole or the kill cuts it off.
			fmt.Fprintf(out, "%s %d %s\n", uri, got.Version, got.Hash)
		}
	}
}

// witness is a follower that fails for ever if it is shown a record twice.
func witness() ledger.Follower {
	return ledger.Follower{Name: "torture", Apply: func(ctx context.Context, tx *db.Tx, records []*ledger.Record) error {
		for _, r := range records {
			if _, err := tx.ExecContext(ctx, `INSERT INTO torture (position) VALUES ($1)`, r.Position); err != nil {
				return err
			}
		}
		return nil
	}}
}

// acknowledged is an act of which the victim was told that it is of record.
type acknowledged struct {
	uri     string
	version int
	hash    string
}

// kill runs the node as a process, kills it at a random moment and returns what
// it had acknowledged.
func kill(t *testing.T, c *Config, round int, r *rand.Rand) []acknowledged {
	t.Helper()
	settings, err := json.Marshal(struct {
		Config
		Data  string
		Round int
	}{*c, c.Data, round})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+string(settings))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var killed atomic.Bool
	var once sync.Once
	strike := func() { once.Do(func() { killed.Store(true); cmd.Process.Kill() }) } //nolint:errcheck // it is waited for
	defer strike()
	// One time in four it does not even come up.
	if r.IntN(4) == 0 {
		time.AfterFunc(time.Duration(r.IntN(300))*time.Millisecond, strike)
	}
	deadline := time.AfterFunc(60*time.Second, strike)
	defer deadline.Stop()
	var acts []acknowledged
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what is not a whole line was not acknowledged
		}
		if line == "ready\n" {
			time.AfterFunc(time.Duration(20+r.IntN(1200))*time.Millisecond, strike)
			continue
		}
		f := strings.Fields(line)
		version, err := strconv.Atoi(f[1])
		if len(f) != 3 || err != nil {
			t.Fatalf("the victim wrote %q", line)
		}
		acts = append(acts, acknowledged{f[0], version, f[2]})
	}
	if err := cmd.Wait(); !killed.Load() {
		t.Fatalf("round %d: the node ended by itself: %v", round, err)
	}
	return acts
}

// rounds is how many times a node is killed.
func rounds(t *testing.T) int {
	env := os.Getenv("JISR_TORTURE_ROUNDS")
	if env == "" {
		return 3
	}
	n, err := strconv.Atoi(env)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTortureKilledNodeLosesNothingItAcknowledged kills a node under load again
// and again, while its partner writes and reads.
func TestTortureKilledNodeLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := seed(t)
			r := rand.New(rand.NewPCG(s, 2))
			a, b := start(t, engine, "a.example"), start(t, db.SQLite, "b.example")
			partner(t, a, b)
			agree(t, a, b, anything())
			agree(t, b, a, anything())
			err := a.DB.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.ExecContext(t.Context(), `CREATE TABLE torture (position BIGINT PRIMARY KEY)`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			a.stop()
			stop := publishSlowly(b)
			var acts []acknowledged
			for round := range rounds(t) {
				acts = append(acts, kill(t, a.Config, round, r)...)
				if round%10 == 9 {
					t.Logf("%d rounds, %d acts acknowledged", round+1, len(acts))
				}
			}
			published := stop()
			if len(acts) == 0 {
				acts = append(acts, kill(t, a.Config, 1000, rand.New(rand.NewPCG(1, 1)))...) // every round was cut short before the first act
			}
			a.serve(a.Config)
			t.Logf("%d acts of the victim and %d of its partner acknowledged", len(acts), published)
			eventually(t, "the partners converge", func() bool {
				return size(t, b, "a.example") == size(t, a, "a.example") && size(t, a, "b.example") == size(t, b, "b.example")
			})
			for _, n := range []*running{a, b} {
				sound(t, n)
				everyActOnce(t, n, acts)
			}
			honest(t, a, b)
			honest(t, b, a)
			followedOnce(t, a)
		})
	}
}

// publishSlowly has the node publish until stop is called, which returns how many
// acts were acknowledged.
func publishSlowly(n *running) (stop func() int) {
	ctx, cancel := context.WithCancel(n.t.Context())
	count, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			uri := fmt.Sprintf("urn:partner:%d", count)
			_, err := n.Newsroom.Issue(ctx, newsroom.Issue{Act: news.Publish, Item: story(uri, "ru", uri), Desk: "science", Actor: chief})
			if err != nil {
				if ctx.Err() == nil {
					n.t.Error(err)
				}
				return
			}
			count++
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() int {
		cancel()
		<-done
		return count
	}
}

// everyActOnce fails unless each acknowledged act is in the ledger of a.example
// that n holds, once and as it was acknowledged.
func everyActOnce(t *testing.T, n *running, acts []acknowledged) {
	t.Helper()
	wrong := 0
	for _, act := range acts {
		records, err := n.Ledger.About(t.Context(), "a.example", act.uri, ledger.KindItem)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, r := range records {
			e, err := r.Entry()
			if err != nil {
				t.Fatal(err)
			}
			var body news.ItemBody
			if err := e.Decode(&body); err != nil {
				t.Fatal(err)
			}
			if body.Version == act.version && r.Hash().String() == act.hash {
				found++
			} else if body.Version == act.version {
				found += 2
			}
		}
		if found != 1 {
			if wrong++; wrong < 5 {
				t.Errorf("at %s: version %d of %s is there %d times", n.Ledger.Origin(), act.version, act.uri, found)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("at %s: %d of %d acknowledged acts are lost or doubled", n.Ledger.Origin(), wrong, len(acts))
	}
}

// followedOnce fails unless the victim's follower saw every record of the
// journal, and the wire shows every item.
func followedOnce(t *testing.T, a *running) {
	t.Helper()
	end, err := a.Ledger.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Ledger.CatchUp(t.Context(), witness()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the wire shows the whole journal", func() bool {
		return a.Ledger.WaitFollower(t.Context(), newsroom.WireFollower, end) == nil
	})
	var seen, first, last, items, shown int64
	err = a.DB.Reader().QueryRowContext(t.Context(), `SELECT count(*), min(position), max(position) FROM torture`).Scan(&seen, &first, &last)
	if err != nil {
		t.Fatal(err)
	}
	if seen != last-first+1 || first != 1 || last < end {
		t.Errorf("the follower saw %d records between %d and %d of %d", seen, first, last, end)
	}
	err = a.DB.Reader().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM (SELECT DISTINCT log, ref FROM entry WHERE kind = 'item') AS i),
		(SELECT count(*) FROM item)`).Scan(&items, &shown)
	if err != nil || items != shown {
		t.Errorf("the wire shows %d of %d items, %v", shown, items, err)
	}
}
