package channel

// CrashAt makes the service die (as a power cut would) wherever fn says so.
func (s *Service) CrashAt(fn func(point, what string) error) { s.crash, s.tokens.crash = fn, fn }

// SweepNow picks up what a dead process left behind.
var SweepNow = (*Service).sweep
