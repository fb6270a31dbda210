package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUndrawn(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page_templ.go")
	code := `package p

func drawn(x string) templ.Component {
	return templruntime.GeneratedTemplate(func() error {
		return nil
	})
}

func made() templ.Component {
	return templruntime.GeneratedTemplate(func() error {
		return nil
	})
}

func helper() string { return "" }

func forgotten() templ.Component {
	return templruntime.GeneratedTemplate(func() error {
		return nil
	})
}
`
	if err := os.WriteFile(page, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	profile := `mode: set
m/p/page_templ.go:3.38,4.54 1 1
m/p/page_templ.go:4.54,6.4 1 0
m/p/page_templ.go:9.30,10.54 1 1
m/p/page_templ.go:10.54,12.4 1 0
m/p/page_templ.go:17.35,18.54 1 0
m/p/page_templ.go:18.54,20.4 1 0
m/p/page_templ.go:4.54,6.4 1 1
`
	got, err := undrawn(map[string]string{"m/p/page_templ.go": page}, []byte(profile))
	if err != nil || len(got) != 2 || !strings.Contains(got[0], `"forgotten"`) || !strings.Contains(got[1], `"made"`) {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := undrawn(map[string]string{"m/p/page_templ.go": page}, []byte("mode: set\nnonsense\n")); err == nil {
		t.Fatal("a broken profile was read")
	}
}

func TestPageFilesAreFound(t *testing.T) {
	t.Chdir("../..")
	files, packages, err := pageFiles()
	if err != nil || len(files) == 0 || len(packages) == 0 {
		t.Fatalf("%d files, %d packages, %v", len(files), len(packages), err)
	}
}
