package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"riverqueue.com/riverui"
)

// UI gives River's own page of jobs, to be mounted at prefix (without a slash at the end) behind a right. It runs until ctx
// ends.
func (q *Queue) UI(ctx context.Context, prefix string, log *slog.Logger) (http.Handler, error) {
	o := &riverui.HandlerOpts{Logger: log, Prefix: prefix}
	if q.pg != nil {
		o.Endpoints = riverui.NewEndpoints(q.pg, nil)
	} else {
		o.Endpoints = riverui.NewEndpoints(q.sqlite, nil)
	}
	h, err := riverui.NewHandler(o)
	if err != nil {
		return nil, fmt.Errorf("jobs: page: %w", err)
	}
	if err := h.Start(ctx); err != nil {
		return nil, fmt.Errorf("jobs: page: %w", err)
	}
	return h, nil
}
