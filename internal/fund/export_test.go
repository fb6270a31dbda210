package fund

import "context"

// Resume takes up what stands still.
func (s *Service) Resume(ctx context.Context) error { return s.resume(ctx) }
