package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"jisr/internal/exchange"
	"jisr/internal/ledger"
)

// Metrics is what the node counts for Prometheus, in a registry of its own. A
// nil Metrics counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
}

// NewMetrics returns the figures of a node: those of its requests, of its
// process, and the state of its ledger and partners, read when asked for.
func NewMetrics(l *ledger.Ledger, x *exchange.Service) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jisr_http_request_duration_seconds", Help: "Time to answer a request of the API.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, 1, 5, 30},
		}, []string{"route", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "jisr_event_streams", Help: "Event streams that are open."}),
	}
	m.registry.MustRegister(m.requests, m.streams, &state{l, x},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// observe counts an answered request under its route, of which there are few,
// not under its path. How long an open one took says nothing.
func (m *Metrics) observe(rt route, status int, took time.Duration) {
	if m == nil || rt.open || status == 0 {
		return
	}
	m.requests.WithLabelValues(rt.pattern, strconv.Itoa(status)).Observe(took.Seconds())
}

// streaming counts an event stream until the returned func is called.
func (m *Metrics) streaming() (ended func()) {
	if m == nil {
		return func() {}
	}
	m.streams.Inc()
	return m.streams.Dec
}

// state reads the ledger and the partners at each scrape.
type state struct {
	ledger   *ledger.Ledger
	exchange *exchange.Service
}

// The figures of the state.
func (*state) position() *prometheus.Desc {
	return prometheus.NewDesc("jisr_journal_position", "Newest position of the journal.", nil, nil)
}

func (*state) writable() *prometheus.Desc {
	return prometheus.NewDesc("jisr_ledger_writable", "1 while the node's own ledger takes entries.", nil, nil)
}

func (*state) behind() *prometheus.Desc {
	return prometheus.NewDesc("jisr_follower_behind", "Journal entries that a follower has still to see.", []string{"follower"}, nil)
}

func (*state) failing() *prometheus.Desc {
	return prometheus.NewDesc("jisr_follower_failing", "1 while a follower fails and tries again.", []string{"follower"}, nil)
}

func (*state) partnerBehind() *prometheus.Desc {
	return prometheus.NewDesc("jisr_partner_behind", "Entries of a partner's ledger still to be fetched.", []string{"partner"}, nil)
}

func (*state) partnerFailing() *prometheus.Desc {
	return prometheus.NewDesc("jisr_partner_failing", "1 while the last contact with a confirmed partner failed or its ledger is frozen.", []string{"partner"}, nil)
}

// Describe implements prometheus.Collector.
func (s *state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.position(), s.writable(), s.behind(), s.failing(), s.partnerBehind(), s.partnerFailing()} {
		out <- d
	}
}

// scrapeFor is how long a scrape may ask the database.
const scrapeFor = 5 * time.Second

// Collect implements prometheus.Collector. What cannot be read is reported as
// an error of the scrape, never as a zero.
func (s *state) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeFor)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(s.writable(), yes(s.ledger.ReadOnly() == ""))
	if p, err := s.ledger.Position(ctx); err != nil {
		out <- prometheus.NewInvalidMetric(s.position(), err)
	} else {
		gauge(s.position(), float64(p))
	}
	lags, err := s.ledger.Lags(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(s.behind(), err)
	}
	for _, l := range lags {
		gauge(s.behind(), float64(l.Behind), l.Follower)
		gauge(s.failing(), yes(l.Failure != ""), l.Follower)
	}
	partners, err := s.exchange.Partners(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(s.partnerBehind(), err)
	}
	for _, p := range partners {
		if p.State == exchange.Confirmed {
			gauge(s.partnerBehind(), float64(p.Behind()), p.Origin)
			gauge(s.partnerFailing(), yes(p.Failure != "" || p.Frozen != ""), p.Origin)
		}
	}
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
