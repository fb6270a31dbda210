// Package handbook carries the pages of the user's handbook in the program, so that "?" works without the network. The pages
// are the Markdown files beside this one; the first line of each is its title.
package handbook

import "embed"

// Pages holds NAME.md for each page, and in img/ the pictures of screens that pages show. They are taken anew by
// `go run ./scripts/handbookshots` from a rehearsal.
//
//go:embed *.md img/*.png
var Pages embed.FS
