package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"jisr/internal/ingest"
)

// CountSources adds the figures of sources.
func (m *Metrics) CountSources(s *ingest.Service, now func() time.Time) {
	m.registry.MustRegister(&bringing{s, now})
}

// bringing reads how sources fare at each scrape.
type bringing struct {
	ingest *ingest.Service
	now    func() time.Time
}

func (*bringing) files() *prometheus.Desc {
	return prometheus.NewDesc("jisr_source_files", "Files of a source by state.", []string{"source", "state"}, nil)
}

func (*bringing) lag() *prometheus.Desc {
	return prometheus.NewDesc("jisr_source_lag_seconds", "Age of the oldest file of a source that waits.", []string{"source"}, nil)
}

func (*bringing) failing() *prometheus.Desc {
	return prometheus.NewDesc("jisr_source_failing", "1 while the last look at a source failed.", []string{"source"}, nil)
}

func (*bringing) success() *prometheus.Desc {
	return prometheus.NewDesc("jisr_source_success_timestamp_seconds", "When a source was last looked at, or pushed, without failure.", []string{"source"}, nil)
}

// Describe implements prometheus.Collector.
func (b *bringing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.files(), b.lag(), b.failing(), b.success()} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (b *bringing) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeFor)
	defer cancel()
	for after := ""; ; {
		page, err := b.ingest.Sources(ctx, after, maxPage)
		if err != nil {
			out <- prometheus.NewInvalidMetric(b.files(), err)
			return
		}
		for _, st := range page {
			b.source(out, st)
		}
		if len(page) < maxPage {
			return
		}
		after = page[len(page)-1].ID
	}
}

func (b *bringing) source(out chan<- prometheus.Metric, st *ingest.Status) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	h := &st.Health
	for state, n := range map[ingest.State]int64{ingest.Waiting: h.Waiting, ingest.Done: h.Done, ingest.Broken: h.Failed, ingest.SetAside: h.Aside} {
		gauge(b.files(), float64(n), st.Name, string(state))
	}
	gauge(b.lag(), h.Lag(b.now()).Seconds(), st.Name)
	gauge(b.failing(), yes(h.Failure != ""), st.Name)
	if !h.Success.IsZero() {
		gauge(b.success(), float64(h.Success.Unix()), st.Name)
	}
}
