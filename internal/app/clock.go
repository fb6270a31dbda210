package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// houseClock is the machine's clock, or in a rehearsal one that was set to another day at the first start and has run on
// since: the difference is kept in the data folder, so that a restart does not turn time back.
func houseClock(c Config) (clock.Clock, error) {
	if c.Rehearsal.Now == "" {
		return clock.System{}, nil
	}
	file := filepath.Join(c.Data, "clock-shift")
	b, err := os.ReadFile(file)
	if err == nil {
		by, err := time.ParseDuration(strings.TrimSpace(string(b)))
		if err != nil {
			return nil, fmt.Errorf("%s does not hold a duration: %w", file, err)
		}
		return clock.Shifted{By: by}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, c.Rehearsal.Now)
	if err != nil {
		return nil, err
	}
	by := time.Until(at).Truncate(time.Second)
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return nil, err
	}
	return clock.Shifted{By: by}, os.WriteFile(file, []byte(by.String()+"\n"), 0o600)
}
