package main

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// pageFiles finds the generated code of every page in the module, with the import path of its package.
func pageFiles() (files map[string]string, packages []string, err error) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{join .GoFiles \" \"}}", "./...").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("list the packages: %w", err)
	}
	files = map[string]string{}
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSpace(line), "\t")
		if len(part) != 3 {
			continue
		}
		found := false
		for _, name := range strings.Fields(part[2]) {
			if strings.HasSuffix(name, "_templ.go") {
				files[part[0]+"/"+name], found = filepath.Join(part[1], name), true
			}
		}
		if found {
			packages = append(packages, part[0])
		}
	}
	return files, packages, nil
}

// undrawn names every page part that no test executed, by the coverage profile of the run.
func undrawn(files map[string]string, profile []byte) ([]string, error) {
	executed, err := executedLines(profile)
	if err != nil {
		return nil, err
	}
	var out []string
	for name, path := range files {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !isComponent(fn) {
				continue
			}
			// The first block is the making of the component; its drawing begins on a later line.
			from, until := fset.Position(fn.Pos()).Line, fset.Position(fn.End()).Line
			drawn := false
			for line := range executed[name] {
				drawn = drawn || (line > from && line < until)
			}
			if !drawn {
				out = append(out, fmt.Sprintf("%s: no test draws %q", strings.TrimSuffix(name, "_templ.go")+".templ", fn.Name.Name))
			}
		}
	}
	sort.Strings(out)
	return out, nil
}

// isComponent tells the functions that templ makes of a page part: they return a templ.Component.
func isComponent(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil || len(fn.Type.Results.List) != 1 {
		return false
	}
	s, ok := fn.Type.Results.List[0].Type.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Component"
}

// executedLines reads a coverage profile: by file, the first lines of the blocks that ran in any test.
func executedLines(profile []byte) (map[string]map[int]bool, error) {
	out := map[string]map[int]bool{}
	lines := bufio.NewScanner(bytes.NewReader(profile))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		if strings.HasPrefix(text, "mode:") || strings.HasSuffix(text, " 0") {
			continue
		}
		name, span, ok := cutLast(text, ":") // file.go:12.30,14.2 1 5
		line, _, dot := strings.Cut(span, ".")
		n, err := strconv.Atoi(line)
		if !ok || !dot || err != nil {
			return nil, fmt.Errorf("the coverage profile has the line %q", text)
		}
		if out[name] == nil {
			out[name] = map[int]bool{}
		}
		out[name][n] = true
	}
	return out, lines.Err()
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// pageCoverage gives the arguments that make `go test` note which pages are drawn, and the check to run afterwards.
func pageCoverage() (args []string, check func() ([]string, error), err error) {
	files, packages, err := pageFiles()
	if err != nil || len(packages) == 0 {
		return nil, func() ([]string, error) { return nil, nil }, err
	}
	f, err := os.CreateTemp("", "nhipcau-cover-*.out")
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	check = func() ([]string, error) {
		defer os.Remove(f.Name())
		profile, err := os.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		return undrawn(files, profile)
	}
	return []string{"-coverprofile", f.Name(), "-coverpkg", strings.Join(packages, ",")}, check, nil
}
