package alert

import "github.com/nhipcau/nhipcau/internal/platform/jobs"

// SweepArgs is the hourly job.
func SweepArgs() jobs.Args { return sweepArgs{} }
