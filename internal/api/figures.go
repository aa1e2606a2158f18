package api

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"jisr/internal/deliver"
)

// CountDeliveries adds the figures of delivery.
func (m *Metrics) CountDeliveries(d *deliver.Service) { m.registry.MustRegister(&delivering{d}) }

// delivering reads the queue at each scrape.
type delivering struct{ deliver *deliver.Service }

func (*delivering) queued() *prometheus.Desc {
	return prometheus.NewDesc("jisr_deliveries", "Deliveries that wait, are under way, or came to nothing.", []string{"state"}, nil)
}

func (*delivering) failing() *prometheus.Desc {
	return prometheus.NewDesc("jisr_destination_failing", "1 while a destination fails, or was paused because it refuses everything.", []string{"destination"}, nil)
}

// Describe implements prometheus.Collector.
func (d *delivering) Describe(out chan<- *prometheus.Desc) {
	out <- d.queued()
	out <- d.failing()
}

// Collect implements prometheus.Collector.
func (d *delivering) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeFor)
	defer cancel()
	counts, err := d.deliver.Counts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(d.queued(), err)
		return
	}
	for _, s := range []deliver.State{deliver.Waiting, deliver.Sending, deliver.Refused, deliver.Failed, deliver.Withheld} {
		out <- prometheus.MustNewConstMetric(d.queued(), prometheus.GaugeValue, float64(counts[s]), string(s))
	}
	troubles, err := d.deliver.Troubles(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(d.failing(), err)
		return
	}
	for _, t := range troubles {
		out <- prometheus.MustNewConstMetric(d.failing(), prometheus.GaugeValue, 1, t.Destination)
	}
}
