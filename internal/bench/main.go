// Command bench measures what a newsroom waits for, on this machine, with real
// parts: `make bench`, or one measurement with `make bench BENCH=name`.
//
// Each line is
//
//	bench <name> <figure> <unit> ratio=<figure/baseline> baseline=<what>
//
// and every baseline is measured in the same run, on the same bytes. These are
// figures to look at, never tests to pass.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"
)

// bench is one measurement.
type bench struct {
	name string
	run  func(context.Context, *env) error
}

// benches in the order in which they are run.
var benches = []bench{
	{"ingest", ingestFeeds},
	{"replication", replication},
	{"replication-indexed", replicationIndexed},
	{"publish", publish},
	{"visible", visible},
	{"deliver", deliveries},
	{"proof", proofs},
	{"verify", verifyOffline},
	{"start", startTime},
	{"memory", memory},
	{"formats", formats},
}

func main() {
	log.SetFlags(0)
	only := flag.String("name", "", "run only the benchmark of this name")
	engines := flag.String("engines", "sqlite,postgres", "engines to measure")
	growth := flag.String("growth", "", "measure latency at these numbers of items, e.g. 10000,100000,1000000")
	profile := flag.String("cpuprofile", "", "write a CPU profile of the run to this file")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			log.Fatal(err)
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			log.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	e, err := newEnv(strings.Split(*engines, ","))
	if err != nil {
		log.Fatal(err)
	}
	defer e.close()
	if *growth != "" {
		if err := growthCurve(ctx, e, *growth); err != nil {
			log.Fatal(err)
		}
		return
	}
	found := false
	for _, b := range benches {
		if *only != "" && b.name != *only {
			continue
		}
		found = true
		began := time.Now()
		if err := b.run(ctx, e); err != nil {
			log.Fatalf("bench %s: %v", b.name, err)
		}
		fmt.Fprintf(os.Stderr, "(%s took %.1f s)\n", b.name, time.Since(began).Seconds())
	}
	if !found {
		log.Fatalf("there is no benchmark %q", *only)
	}
}

// report prints one line. A figure for which more is better and one for which
// less is better are both divided by their baseline as they are.
func report(name string, figure float64, unit string, baseline float64, what string) {
	ratio := "-"
	if baseline > 0 {
		ratio = fmt.Sprintf("%.2f", figure/baseline)
	}
	fmt.Printf("bench %s %s %s ratio=%s baseline=%s\n", name, number(figure), unit, ratio, what)
}

func number(f float64) string {
	if f >= 100 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
