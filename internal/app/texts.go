package app

import "embed"

// catalogue holds the words of the navigation.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var catalogue embed.FS

// appPolicies is the policy text of the roof itself.
//
//go:embed policies.cedar
var appPolicies string
