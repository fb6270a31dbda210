package picture

import "embed"

// Catalogue holds the texts of this package.
//
//go:embed catalogue.*.toml
var Catalogue embed.FS
