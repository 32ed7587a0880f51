package telemetry

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// labelSets keeps the labels of what every turn records: making them costs more than
// counting does. There are as many as there are series, and those are bounded. Its
// methods may be called concurrently.
type labelSets struct {
	mu  sync.RWMutex // guards all
	all map[labelKey]*labelled
}

type labelKey struct{ k1, v1, k2, v2 string }

// labelled is a set of labels as both kinds of instruments take it.
type labelled struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// of returns the labels; the second is left out where its key is empty.
func (l *labelSets) of(k1 attribute.Key, v1 string, k2 attribute.Key, v2 string) *labelled {
	key := labelKey{string(k1), v1, string(k2), v2}
	l.mu.RLock()
	found := l.all[key]
	l.mu.RUnlock()
	if found != nil {
		return found
	}
	kvs := []attribute.KeyValue{k1.String(v1)}
	if k2 != "" {
		kvs = append(kvs, k2.String(v2))
	}
	option := metric.WithAttributeSet(attribute.NewSet(kvs...))
	made := &labelled{add: []metric.AddOption{option}, record: []metric.RecordOption{option}}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.all == nil:
		l.all = map[labelKey]*labelled{}
	case len(l.all) >= maxSeries:
		return made
	}
	l.all[key] = made
	return made
}
