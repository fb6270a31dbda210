// Package subscriptionweb draws the pages of those who read along: the form by which anybody asks to be told by e-mail or in
// the browser, the page behind the link of every letter, where it is confirmed, changed and stopped; and for officials how
// many readers there are and what they were told. All but the door of the browser works without script.
package subscriptionweb

import "embed"

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS
