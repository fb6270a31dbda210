// Command newfeature begins a new feature: it copies the reference slice (types and rules, store, service, policies, pages,
// texts in both languages, and a test of each) into internal/NAME, ready to compile and to pass its tests, and says what is
// left to do by hand.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	parser "github.com/a-h/templ/parser/v2"
)

//go:embed all:slice
var slice embed.FS

var nameRE = regexp.MustCompile(`^[a-z]{3,20}$`)

func main() {
	if err := run(os.Args[1:], "internal"); err != nil {
		fmt.Fprintln(os.Stderr, "newfeature:", err)
		os.Exit(1)
	}
}

func run(args []string, internal string) error {
	if len(args) != 1 || !nameRE.MatchString(args[0]) || strings.HasSuffix(args[0], "web") || strings.HasSuffix(args[0], "test") {
		return fmt.Errorf("give the name as one English word of 3 to 20 small letters: make feature NAME=meeting")
	}
	name := args[0]
	dir := filepath.Join(internal, name)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	if err := create(dir, name); err != nil {
		return err
	}
	fmt.Printf(`internal/%s is there and passes its tests (go test ./internal/%[1]s/...). What is left:
  1. internal/app/features.go: one line for the feature (migrations, policies, catalogue, routes)
  2. internal/arch/arch.go: an arrow, only if it must ask another feature, with a decision record in docs/adr
  3. its types, rules, texts and pages; then make generate and make check
`, name)
	return nil
}

// create writes the slice into dir under the name, the Go code of its page included.
func create(dir, name string) error {
	return fs.WalkDir(slice, "slice", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := slice.ReadFile(p)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, rename(strings.TrimSuffix(strings.TrimPrefix(p, "slice/"), ".txt"), name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		text := []byte(rename(string(b), name))
		if strings.HasSuffix(target, ".go") {
			if text, err = format.Source(text); err != nil {
				return fmt.Errorf("%s: %w", target, err)
			}
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
		if strings.HasSuffix(target, ".templ") {
			return generate(target)
		}
		return nil
	})
}

// rename puts the feature's name in the place of "sample".
func rename(s, name string) string {
	s = strings.ReplaceAll(s, "sample", name)
	return strings.ReplaceAll(s, "Sample", strings.ToUpper(name[:1])+name[1:])
}

func generate(page string) error {
	t, err := parser.Parse(page)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := generator.Generate(t, &b, generator.WithVersion(templ.Version()), generator.WithFileName(filepath.Base(page))); err != nil {
		return err
	}
	code, err := format.Source(b.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(page, ".templ")+"_templ.go", code, 0o644)
}
