package relief

import "context"

// TidyUp runs the periodic work at once.
func TidyUp(ctx context.Context, s *Service) error { return s.tidyUp(ctx) }
