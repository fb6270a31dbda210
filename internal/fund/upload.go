package fund

import "github.com/nhipcau/nhipcau/internal/platform/jobs"

// Work tells the queue what the books do in the background.
func (s *Service) Work(q *jobs.Queue) {}
