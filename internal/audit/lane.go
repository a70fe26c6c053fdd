package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Outcomes of an audit of one server.
const (
	outcomeRead   = "Read"
	outcomeFailed = "Failed"
	outcomeLate   = "Late"
)

// readTimeout bounds the reading of one server. The server's own calls have bounds of their own.
const readTimeout = 2 * time.Minute

// lanes are the layers of a plane as the loop reads them.
type lanes struct {
	mu sync.Mutex
	of map[*connect.Layer]*lane
	wg sync.WaitGroup
}

// lane is one layer: what is being read of it, and who listens to it.
type lane struct {
	ended  chan struct{} // closed when the reading has ended; nil where none is under way
	cancel context.CancelFunc
}

// follow begins to listen to new layers, and stops where a layer was closed.
func (s *lanes) follow(ctx context.Context, l *loop, p *connect.Plane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.of
	s.of = map[*connect.Layer]*lane{}
	for _, layer := range p.Layers() {
		if layer.Server == nil {
			continue
		}
		if have := old[layer]; have != nil {
			s.of[layer] = have
			delete(old, layer)
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		s.of[layer] = &lane{cancel: cancel}
		if w, ok := layer.Server.(plane.Watcher); ok {
			s.wg.Go(func() { l.listen(ctx, layer.Name, w) })
		}
	}
	for _, gone := range old {
		gone.cancel()
	}
}

func (s *lanes) stop() {
	s.mu.Lock()
	for _, lane := range s.of {
		lane.cancel()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// listen asks for an early look whenever the server tells of a change.
func (l *loop) listen(ctx context.Context, layer boundary.Layer, w plane.Watcher) {
	l.guard(ctx, "early notice of changes", func() {
		if err := w.Watch(ctx, func() { l.hint(layer) }); err != nil && ctx.Err() == nil {
			ctrl.LoggerFrom(ctx).Error(err, "Changes are noticed at the next audit only", "layer", layer)
		}
	})
}

// read reads the wanted layers at the same time, and waits for them, but for one interval at most: a server that hangs holds
// up no other. What it still reads then counts as missed, and nothing more is asked of it before that has ended.
func (l *loop) read(ctx context.Context, p *connect.Plane, wanted func(boundary.Layer) bool) {
	var reading []chan struct{}
	for _, layer := range p.Layers() {
		if layer.Server == nil || !wanted(layer.Name) {
			continue
		}
		if ended := l.begins(ctx, layer); ended != nil {
			reading = append(reading, ended)
		}
	}
	patience := time.NewTimer(p.Interval)
	defer patience.Stop()
	for _, ended := range reading {
		select {
		case <-ended:
		case <-patience.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// begins starts to read a layer. It returns nil where that has not ended since the last time.
func (l *loop) begins(ctx context.Context, layer *connect.Layer) chan struct{} {
	l.lanes.mu.Lock()
	defer l.lanes.mu.Unlock()
	lane := l.lanes.of[layer]
	if lane == nil {
		return nil
	}
	if lane.ended != nil {
		select {
		case <-lane.ended:
		default:
			l.missed(layer, outcomeLate, plane.Faultf(plane.Unreachable, nil,
				"the %s server has not answered the last audit yet", layer.Name))
			return nil
		}
	}
	ended := make(chan struct{})
	lane.ended = ended
	l.lanes.wg.Go(func() {
		defer close(ended)
		l.take(ctx, layer)
	})
	return ended
}

// take takes the snapshot of a layer.
func (l *loop) take(ctx context.Context, layer *connect.Layer) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := l.auditor.Clock.Now()
	err := fmt.Errorf("the %s server could not be read", layer.Name)
	l.guard(ctx, "a snapshot", func() { err = layer.Server.Refresh(ctx) })
	switch {
	case err == nil:
		layer.SetAudited(began, nil)
		l.auditor.Meter.Audited(l.name, layer.Name, outcomeRead, began)
	case errors.Is(ctx.Err(), context.Canceled): // the operator ends: nothing is known
		return
	default:
		l.missed(layer, outcomeFailed, err)
	}
	l.guard(ctx, "denials", func() { l.denials(ctx, layer) })
}

func (l *loop) missed(layer *connect.Layer, outcome string, err error) {
	layer.SetAudited(time.Time{}, err)
	l.auditor.Meter.Audited(l.name, layer.Name, outcome, time.Time{})
}

// denials hands on what the server refused to tenants since the last time.
func (l *loop) denials(ctx context.Context, layer *connect.Layer) {
	s, ok := layer.Server.(plane.DenialServer)
	if !ok || l.auditor.Denied == nil || layer.Fault() != nil {
		return
	}
	found, err := s.Denials(ctx)
	if err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("What was refused could not be read", "layer", layer.Name, "reason", err.Error())
	}
	if len(found) > 0 {
		l.auditor.Denied(ctx, l.name, found)
	}
}
