package arch

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPackageComments(t *testing.T) {
	h := load(t)
	for dir, files := range h.packages() {
		found := slices.ContainsFunc(files, func(f *source) bool {
			text := f.ast.Doc.Text()
			if f.ast.Name.Name == "main" {
				return len(text) > 40
			}
			return strings.HasPrefix(text, "Package "+f.ast.Name.Name+" ") && len(text) > 40
		})
		if !found {
			t.Errorf("%s has no package comment: begin one file with %q and say, so that a ward clerk could follow, what it is for", dir,
				"// Package "+files[0].ast.Name.Name+" …")
		}
	}
}

// ordinary are methods that every reader knows from the standard library.
var ordinary = []string{"Error", "String", "Unwrap", "Is", "As", "Len", "Less", "Swap", "Read", "Write", "Close", "ServeHTTP",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "Scan", "Value", "Kind"}

func TestExportedNamesAreExplained(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if f.test || f.generated || f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range unexplained(d) {
				t.Errorf("%s: %s has no comment: say what it is, its units, shape and errors, and the law where one rules", h.where(d.Pos()), name)
			}
		}
	}
}

// unexplained lists the exported names of a declaration that carry no comment.
func unexplained(d ast.Decl) []string {
	var out []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil || !d.Name.IsExported() {
			return nil
		}
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		recv := receiver(d)
		if ast.IsExported(recv) && !slices.Contains(ordinary, d.Name.Name) {
			return []string{recv + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					out = append(out, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						out = append(out, n.Name)
					}
				}
			}
		}
	}
	return out
}

func receiver(d *ast.FuncDecl) string {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestSizes(t *testing.T) {
	h := load(t)
	total := map[string]int{}
	for _, f := range h.files {
		if f.generated {
			continue
		}
		n := lines(f.text)
		if n > maxFile {
			t.Errorf("%s has %d lines (limit %d): split it by what it is about", f.path, n, maxFile)
		}
		if f.test {
			continue
		}
		total[f.dir] += n
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if n := h.fset.Position(fn.End()).Line - h.fset.Position(fn.Pos()).Line + 1; n > maxFunc {
				t.Errorf("%s: %s has %d lines (limit %d): give its steps names of their own", h.where(fn.Pos()), fn.Name.Name, n, maxFunc)
			}
		}
	}
	for dir, n := range total {
		if n > maxPackage {
			t.Errorf("%s has %d lines (limit %d): part of it is a room of its own", dir, n, maxPackage)
		}
	}
	for name, b := range h.other {
		if ext := path.Ext(name); (ext == ".templ" || ext == ".ts") && lines(b) > maxFile {
			t.Errorf("%s has %d lines (limit %d): split it", name, lines(b), maxFile)
		}
	}
}

func TestNoInit(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if f.generated {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init works behind everybody's back; call it from where it is needed, or use sync.OnceValue", h.where(fn.Pos()))
			}
		}
	}
}

// A page gets a typed struct, so that a slip in a name does not compile.
func TestPagesAreTyped(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		p := placeOf(f.dir)
		if f.test || !p.web() || (p.layer != feature && p.layer != core) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if m, ok := n.(*ast.MapType); ok && isIdent(m.Key, "string") && isAny(m.Value) {
				t.Errorf("%s: map[string]any in a page; write a struct with named fields", h.where(m.Pos()))
			}
			return true
		})
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func isAny(e ast.Expr) bool {
	if i, ok := e.(*ast.InterfaceType); ok {
		return len(i.Methods.List) == 0
	}
	return isIdent(e, "any")
}

// Rules and use cases take the time from a clock.Clock, so that a test and the rehearsal of 2024 can set it. Only a function
// named realTime, which turns a moment of that clock into the machine's for the job queue, asks the machine.
func TestTimeComesFromTheClock(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		p := placeOf(f.dir)
		if f.test || (p.layer != core && p.layer != feature) || machineTime()[f.path] != "" {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "realTime" {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if ok && isIdent(s.X, "time") && slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
					t.Errorf("%s: time.%s: take the time from a clock.Clock; only a function named realTime asks the machine, or a file listed with its reason in machineTime (internal/arch/arch.go)", h.where(s.Pos()), s.Sel.Name)
				}
				return true
			})
		}
	}
}

// A test that is skipped proves nothing. Two things may be left out: what -short is for, and PostgreSQL on a machine
// without it (in dbtest).
func TestNoSkips(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if f.dir == "internal/platform/dbtest" || f.dir == "internal/arch" || !strings.Contains(string(f.text), ".Skip") {
			continue
		}
		var short []ast.Node
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if i, ok := n.(*ast.IfStmt); ok && mentions(i.Cond, "Short") {
				short = append(short, i.Body)
			}
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := c.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) || !(isIdent(s.X, "t") || isIdent(s.X, "b") || isIdent(s.X, "tb")) {
				return true
			}
			if !slices.ContainsFunc(short, func(in ast.Node) bool { return in.Pos() <= c.Pos() && c.End() <= in.End() }) {
				t.Errorf("%s: a test may be skipped only under testing.Short(); fail and say what is missing", h.where(c.Pos()))
			}
			return true
		})
	}
}

func mentions(e ast.Node, name string) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// Unfinished work is an issue, not a remark in the source.
func TestNothingIsLeftForLater(t *testing.T) {
	h := load(t)
	mark := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	for _, f := range h.files {
		if f.dir == "internal/arch" {
			continue
		}
		for _, g := range f.ast.Comments {
			if mark.MatchString(g.Text()) {
				t.Errorf("%s: finish it, or write an issue: %s", h.where(g.Pos()), strings.TrimSpace(g.Text()))
			}
		}
	}
	for name, b := range h.other {
		if at := mark.FindIndex(b); at != nil {
			t.Errorf("%s:%d: finish it, or write an issue", name, strings.Count(string(b[:at[0]]), "\n")+1)
		}
	}
}

// Package-level variables are shared by all requests: what is not a constant table must be guarded. The test refuses the
// one form that is always wrong, a variable that some function assigns.
func TestNoAssignedGlobals(t *testing.T) {
	h := load(t)
	for dir, files := range h.packages() {
		if !strings.HasPrefix(dir, "internal/") || dir == "internal/platform/dbtest" {
			continue
		}
		globals := map[string]bool{}
		for _, f := range files {
			for _, d := range f.ast.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
					for _, s := range g.Specs {
						for _, n := range s.(*ast.ValueSpec).Names {
							globals[n.Name] = n.Name != "_"
						}
					}
				}
			}
		}
		for _, f := range files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					for _, at := range assigned(fn, globals) {
						t.Errorf("%s: a package-level variable is assigned; keep the state in a struct that internal/app makes", h.where(at))
					}
				}
			}
		}
	}
}

// assigned finds plain assignments to globals in a function that declares no local of the same name.
func assigned(fn *ast.FuncDecl, globals map[string]bool) []token.Pos {
	local := map[string]bool{}
	declare := func(l *ast.FieldList) {
		if l != nil {
			for _, f := range l.List {
				for _, n := range f.Names {
					local[n.Name] = true
				}
			}
		}
	}
	declare(fn.Recv)
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			declare(n.Params)
			declare(n.Results)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					if id, ok := e.(*ast.Ident); ok {
						local[id.Name] = true
					}
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					local[id.Name] = true
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				local[id.Name] = true
			}
		}
		return true
	})
	var out []token.Pos
	ast.Inspect(fn, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.Tok != token.DEFINE {
			for _, e := range a.Lhs {
				if id, ok := e.(*ast.Ident); ok && globals[id.Name] && !local[id.Name] {
					out = append(out, id.Pos())
				}
			}
		}
		return true
	})
	return out
}

// Store functions take the connection or transaction right after the context, so that the caller decides in which they run.
func TestStoresTakeTheirConnection(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if p := placeOf(f.dir); f.test || (p.layer != core && p.layer != feature) {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || receiver(fn) != "store" {
				continue
			}
			var types []string
			for _, field := range fn.Type.Params.List {
				for range max(1, len(field.Names)) {
					types = append(types, typeName(field.Type))
				}
			}
			if len(types) > 0 && types[0] == "context.Context" && (len(types) < 2 || (types[1] != "bun.IDB" && types[1] != "db.Tx")) {
				t.Errorf("%s: store.%s: take a bun.IDB (or a db.Tx) right after ctx", h.where(fn.Pos()), fn.Name.Name)
			}
		}
	}
}

// typeName writes a type such as bun.IDB; other shapes give "".
func typeName(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}
