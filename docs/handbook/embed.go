// Package handbook carries the pages of the user's handbook in the program, so that "?" works without the network. The pages
// are the Markdown files beside this one; the first line of each is its title.
package handbook

import "embed"

// Pages holds NAME.md for each page.
//
//go:embed *.md
var Pages embed.FS
