package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// summary counts tests that have no subtests, so that a failure is counted once.
type summary struct{ passed, failed, skipped int }

// String is the last line of the run.
func (s summary) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", s.passed, s.failed, s.skipped)
}

// run is what is known of one package while its tests run.
type packageRun struct {
	output  map[string]*strings.Builder // by test; "" is the package itself
	parents map[string]bool
	order   []string // tests that failed or never ended, in order of their start
	open    map[string]bool
	summary summary
}

type reader struct {
	w        io.Writer
	packages map[string]*packageRun
	builds   map[string]*strings.Builder
	total    summary
	skipped  []string
}

// summarise reads the events to their end, writes the report as they come, and counts.
func summarise(in io.Reader, w io.Writer) (summary, error) {
	r := &reader{w: w, packages: map[string]*packageRun{}, builds: map[string]*strings.Builder{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprint(w, string(line)) // not an event: show it rather than lose it
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return r.total, err
		}
	}
	for _, s := range r.skipped {
		fmt.Fprintln(w, s)
	}
	return r.total, nil
}

func (r *reader) take(e event) {
	switch {
	case e.Action == "build-output":
		builder(r.builds, e.ImportPath).WriteString(e.Output)
	case e.Package == "":
	case e.Test == "":
		r.takePackage(e)
	default:
		r.takeTest(e)
	}
}

func (r *reader) pkg(name string) *packageRun {
	p := r.packages[name]
	if p == nil {
		p = &packageRun{output: map[string]*strings.Builder{}, parents: map[string]bool{}, open: map[string]bool{}}
		r.packages[name] = p
	}
	return p
}

func (r *reader) takeTest(e event) {
	p := r.pkg(e.Package)
	switch e.Action {
	case "run":
		p.open[e.Test] = true
		p.order = append(p.order, e.Test)
		for name := e.Test; strings.Contains(name, "/"); {
			name = name[:strings.LastIndex(name, "/")]
			p.parents[name] = true
		}
	case "output":
		builder(p.output, e.Test).WriteString(e.Output)
	case "pass", "skip", "fail":
		delete(p.open, e.Test)
		r.endTest(p, e)
	}
}

func (r *reader) endTest(p *packageRun, e event) {
	leaf := !p.parents[e.Test]
	switch e.Action {
	case "pass":
		if leaf {
			p.summary.passed++
		}
		delete(p.output, e.Test)
	case "skip":
		if leaf {
			p.summary.skipped++
			r.skipped = append(r.skipped, fmt.Sprintf("skipped: %s %s: %s", e.Package, e.Test, reason(p.output[e.Test])))
		}
		delete(p.output, e.Test)
	case "fail":
		if leaf {
			p.summary.failed++
		}
	}
}

func (r *reader) takePackage(e event) {
	p := r.pkg(e.Package)
	switch e.Action {
	case "output":
		builder(p.output, "").WriteString(e.Output)
	case "pass":
		fmt.Fprintf(r.w, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
		r.endPackage(e.Package, p)
	case "skip":
		delete(r.packages, e.Package) // a package without tests
	case "fail":
		if p.summary.failed == 0 { // it did not build, panicked, or ran out of time
			p.summary.failed++
		}
		r.showFailure(e, p)
		r.endPackage(e.Package, p)
	}
}

func (r *reader) endPackage(name string, p *packageRun) {
	r.total.passed += p.summary.passed
	r.total.failed += p.summary.failed
	r.total.skipped += p.summary.skipped
	delete(r.packages, name)
}

// showFailure prints everything that the failed tests of a package and the package itself said.
func (r *reader) showFailure(e event, p *packageRun) {
	fmt.Fprintf(r.w, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
	if b := r.builds[e.FailedBuild]; b != nil {
		fmt.Fprint(r.w, b.String())
	}
	for _, test := range p.order {
		if b := p.output[test]; b != nil {
			fmt.Fprint(r.w, b.String())
		}
		if p.open[test] {
			fmt.Fprintf(r.w, "--- %s did not end\n", test)
		}
	}
	if b := p.output[""]; b != nil {
		fmt.Fprint(r.w, b.String())
	}
}

// reason is what a skipped test said last before its own SKIP line.
func reason(b *strings.Builder) string {
	if b == nil {
		return "no reason given"
	}
	said := "no reason given"
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = line
		}
	}
	return said
}

func builder(m map[string]*strings.Builder, key string) *strings.Builder {
	b := m[key]
	if b == nil {
		b = &strings.Builder{}
		m[key] = b
	}
	return b
}
