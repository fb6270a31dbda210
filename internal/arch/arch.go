// Package arch keeps the shape of the house: which room may know of which, how large a file may grow, that every package
// and every exported name says what it is for, that every text exists in both languages. It holds no part of the product,
// only the tables below and the tests that read the source. When one of them fails, its message says what to do.
package arch

// Arrows is the table of features that may know other features: the key may import the values (and ask their exported
// queries). A feature that only has to react listens to events instead and needs no arrow. A new arrow needs a decision
// record in docs/adr that says why; arrows must not make a circle.
func Arrows() map[string][]string {
	return map[string][]string{
		"portal":       {"publish", "feedback"}, // the public site shows articles, and the questions that were answered
		"loudspeaker":  {"publish"},             // what was approved is read aloud, printed and sent as a text message
		"relief":       {"household"},           // goods that reach a household are written into its ledger of help
		"subscription": {"publish"},             // readers are told of new posts in their words
		"feedback":     {"subscription"},        // and of answers to questions: the readers are the same
		"inbox":        {"feedback"},            // a conversation becomes a case, which answers through the channels
		"fund":         {"household"},           // what a household was paid stands in its ledger of help
		"housing":      {"household"},           // and its house, which begins with a survey of the household
	}
}

// kernel lists the rooms that every feature may use, lowest first: each may import those before it. What stands inside a
// room beside its own package (its pages, and the acts of people on it such as orgunit/orgadmin) may import the whole kernel.
func kernel() []string { return []string{"orgunit", "identity", "audit", "channel"} }

// words lists the rooms without any machinery: the standard library, golang.org/x/text, and one another.
func words() []string { return []string{"fault", "id", "clock", "money", "vntext", "workday"} }

// adapters lists the rooms that speak to one outside world each; only internal/app may know them.
func adapters() []string {
	return []string{"channel/zalo", "channel/facebook", "channel/youtube", "channel/webpush", "channel/email"}
}

// webExceptions lists domain packages that may know the web all the same, and why.
func webExceptions() map[string]string {
	return map[string]string{
		"internal/channel":  "the Channel interface takes the headers of a webhook, whose signature each outside world puts elsewhere",
		"internal/handbook": "a room of pages only: it has no rules and stores nothing",
	}
}

// machineTime lists files that ask the machine for the time instead of a clock.Clock, and why.
func machineTime() map[string]string {
	return map[string]string{
		"internal/channel/pace/pace.go": "the pace of calls to an outside world is kept in real minutes",
		"internal/channel/probe.go":     "the job queue runs by the machine's time",
		"internal/channel/vault.go":     "a lock between processes is about machines, not about the calendar",
		"internal/publish/jobs.go":      "the job queue runs by the machine's time",
	}
}

// The sizes at which a test fails, in lines. The norm is 500, 60 and 3,500.
const (
	maxFile    = 800
	maxFunc    = 120
	maxPackage = 5000
)
