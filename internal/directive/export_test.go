package directive

import "context"

// Nudge runs the periodic work at once.
func (s *Service) Nudge(ctx context.Context) error { return s.nudge(ctx) }
