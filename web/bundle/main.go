// Command bundle turns the TypeScript of web/src and the npm packages it uses into the files that pages load, in
// internal/platform/ui/assets/dist. It needs web/node_modules (npm ci) but no Node: the bundler is a Go library. Run it from
// anywhere in the repository: go run ./web/bundle
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// islands are the parts of officials' pages; each becomes one file of the same name, and what two of them share is split
// off. The citizens' file is made alone, so that it stays one small file, and so is the service worker.
var islands = []string{"office.ts", "editor.ts", "map.ts", "passkey.ts", "verify.ts", "outbox.ts", "assist.ts", "scan.ts", "push.ts"}

// fonts are the subsets that Vietnamese text needs: its own letters and the basic ones, regular and semibold.
var fonts = []string{"latin-400", "latin-600", "vietnamese-400", "vietnamese-600"}

// unicodeRanges says which letters each subset holds; a browser fetches only what a page uses.
var unicodeRanges = map[string]string{
	"latin":      "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
	"vietnamese": "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB",
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	web, dist := filepath.Join(root, "web"), filepath.Join(root, "internal", "platform", "ui", "assets", "dist")
	if _, err := os.Stat(filepath.Join(web, "node_modules")); err != nil {
		return fmt.Errorf("web/node_modules is missing: run npm ci in web first")
	}
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	if err := scripts(web, dist); err != nil {
		return err
	}
	return fontFiles(web, dist)
}

// findRoot walks up to the folder with go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("go.mod was not found above the current folder")
		}
		dir = up
	}
}

// scripts bundles the TypeScript as modules, and Leaflet's style sheet beside the map.
func scripts(web, dist string) error {
	src := func(name string) api.EntryPoint {
		return api.EntryPoint{InputPath: filepath.Join(web, "src", name), OutputPath: strings.TrimSuffix(name, ".ts")}
	}
	var parts []api.EntryPoint
	for _, name := range islands {
		parts = append(parts, src(name))
	}
	leaflet := api.EntryPoint{InputPath: filepath.Join(web, "node_modules", "leaflet", "dist", "leaflet.css"), OutputPath: "map"}
	for _, points := range [][]api.EntryPoint{{src("citizen.ts")}, {src("sw.ts")}, parts, {leaflet}} {
		if err := build(web, dist, points); err != nil {
			return err
		}
	}
	return nil
}

func build(web, dist string, points []api.EntryPoint) error {
	res := api.Build(api.BuildOptions{
		AbsWorkingDir: web, EntryPointsAdvanced: points, Outdir: dist, Bundle: true, Write: true, Splitting: len(points) > 1,
		Format: api.FormatESModule, Target: api.ES2020, MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		ChunkNames: "part-[hash]", LegalComments: api.LegalCommentsInline, LogLevel: api.LogLevelWarning,
		Loader: map[string]api.Loader{".png": api.LoaderDataURL},
	})
	if len(res.Errors) > 0 {
		return fmt.Errorf("%d errors in the islands", len(res.Errors))
	}
	for _, f := range res.OutputFiles {
		fmt.Printf("%-44s %7.1f kB\n", filepath.Base(f.Path), float64(len(f.Contents))/1000)
	}
	return nil
}

// fontFiles copies the letters of Be Vietnam Pro and writes the style sheet that names them.
func fontFiles(web, dist string) error {
	var css strings.Builder
	for _, f := range fonts {
		subset, weight, _ := strings.Cut(f, "-")
		name := "be-vietnam-pro-" + f + "-normal.woff2"
		data, err := os.ReadFile(filepath.Join(web, "node_modules", "@fontsource", "be-vietnam-pro", "files", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dist, name), data, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&css, "@font-face{font-family:\"Be Vietnam Pro\";font-style:normal;font-weight:%s;font-display:swap;src:url(%s) format(\"woff2\");unicode-range:%s}\n", weight, name, unicodeRanges[subset])
		fmt.Printf("%-44s %7.1f kB\n", name, float64(len(data))/1000)
	}
	return os.WriteFile(filepath.Join(dist, "fonts.css"), []byte(css.String()), 0o644)
}
