package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Serve opens the house, serves until ctx ends and closes it: requests under way are answered and running jobs finished.
func Serve(ctx context.Context, c Config, logTo io.Writer) error {
	h, err := Open(ctx, c, logTo)
	if err != nil {
		return err
	}
	defer h.Close()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Listen, err)
	}
	if err := h.Start(ctx); err != nil {
		return err
	}
	s := &http.Server{Handler: h.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	h.log.Info("the house is open", "listen", l.Addr().String(), "public", c.PublicURL, "database", h.db.Engine(), "version", Version)
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	shut, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := s.Shutdown(shut); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
