package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layer says on which floor of the house a package stands.
type layer int

const (
	free     layer = iota // cmd/rehearsal, sim, e2e, bench, web, scripts, arch itself: may import everything
	word                  // internal/clock …
	platform              // internal/platform/…
	core                  // internal/orgunit … with their subpackages
	adapter               // internal/channel/zalo …
	feature               // any other folder under internal
	roof                  // internal/app
	command               // cmd/nhipcau
	content               // docs/…, data/…: texts and lists with the few lines that embed them
)

// place is a package's floor and room: "feedback" for internal/feedback and internal/feedback/feedbackweb.
type place struct {
	layer layer
	room  string
	dir   string
}

func (p place) web() bool { return strings.HasSuffix(p.dir, "web") }

// root tells the room's own package from those inside it (orgunit from orgunit/orgadmin).
func (p place) root() bool { return p.dir == "internal/"+p.room }

// fixture tells packages that exist for tests only.
func (p place) fixture() bool {
	return strings.HasSuffix(p.dir, "test") || p.dir == "internal/platform/golden"
}

func placeOf(dir string) place {
	inside, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		if dir == "cmd/nhipcau" {
			return place{command, dir, dir}
		}
		if room, _, _ := strings.Cut(dir, "/"); room == "docs" || room == "data" {
			return place{content, room, dir}
		}
		return place{free, dir, dir}
	}
	for _, a := range adapters() {
		if inside == a || strings.HasPrefix(inside, a+"/") {
			return place{adapter, a, dir}
		}
	}
	room, _, _ := strings.Cut(inside, "/")
	switch {
	case slices.Contains(words(), room):
		return place{word, room, dir}
	case room == "platform":
		return place{platform, room, dir}
	case slices.Contains(kernel(), room):
		return place{core, room, dir}
	case room == "app":
		return place{roof, room, dir}
	case room == "arch" || room == "deps":
		return place{free, room, dir}
	}
	return place{feature, room, dir}
}

// refuse gives the reason why from may not import to, "" when it may.
func refuse(from, to place) string {
	switch {
	case from.dir == to.dir || from.layer == free:
		return ""
	case from.layer == content:
		return "docs and data hold content only; put what reads it into a room of internal/"
	case to.layer == content:
		if from.layer == word || from.layer == platform {
			return "words and platform know no content; hand it to them as an fs.FS"
		}
		return ""
	case to.layer == free:
		return "the product does not know " + to.dir + "; move what both need into internal/, or into cmd/rehearsal"
	case to.layer == command:
		return "nothing imports a command"
	case to.fixture() && !from.fixture():
		return "only tests import " + to.dir + "; move the import into a _test.go file"
	case from.layer == command:
		if to.layer != roof {
			return "cmd/nhipcau is ten lines that call internal/app; put the rest there"
		}
		return ""
	case to.layer == roof:
		return "nothing but cmd imports internal/app: it is the roof that wires the rooms; take what is needed as a parameter"
	case from.layer == roof:
		return ""
	case to.layer == adapter:
		if from.layer == adapter && from.room == to.room {
			return ""
		}
		return "only internal/app knows the adapter " + to.dir + "; use the channel.Channel interface"
	}
	return refuseDown(from, to)
}

// refuseDown judges the floors between the words and the features.
func refuseDown(from, to place) string {
	if to.layer == word {
		return ""
	}
	switch from.layer {
	case word:
		return "the words (internal/" + from.room + ") know only one another and the standard library"
	case platform:
		if to.layer != platform {
			return "the platform is machinery and knows no feature and no kernel room; take an interface or a function instead"
		}
	case core:
		order := kernel()
		mine, its := slices.Index(order, from.room), slices.Index(order, to.room)
		switch {
		case to.layer == feature:
			return "the kernel does not know features; publish an event, or declare an interface here that the feature implements"
		case to.layer == core && from.root() && !to.root() && its != mine:
			return "a kernel room knows the other rooms, not what is inside them"
		case to.layer == core && its > mine && from.root():
			return fmt.Sprintf("in the kernel each room may import those before it (%s)", strings.Join(order, ", "))
		}
	case adapter:
		if to.layer == feature {
			return "an adapter speaks to an outside world through the kernel and knows no feature"
		}
	case feature:
		if to.layer == feature && to.room != from.room && !slices.Contains(Arrows()[from.room], to.room) {
			return fmt.Sprintf("there is no arrow from %s to %s: listen to its events, declare the interface you need (internal/app wires it), "+
				"or write a decision record in docs/adr and add the arrow to Arrows in internal/arch/arch.go", from.room, to.room)
		}
	}
	return ""
}

func TestArrows(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if f.test {
			continue
		}
		from := placeOf(f.dir)
		for _, imp := range f.imports() {
			dir, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			if why := refuse(from, placeOf(dir)); why != "" {
				t.Errorf("%s must not import %s: %s", f.path, dir, why)
			}
		}
	}
}

// The rules are themselves tested on imports that must be refused and that must be allowed.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		refused  bool
	}{
		{"internal/clock", "internal/fault", false}, {"internal/clock", "internal/platform/db", true},
		{"internal/platform/web", "internal/clock", false}, {"internal/platform/web", "internal/identity", true}, {"internal/platform/jobs", "internal/platform/db", false},
		{"internal/identity", "internal/orgunit", false}, {"internal/orgunit", "internal/identity", true}, {"internal/orgunit/orgunitweb", "internal/identity", false},
		{"internal/orgunit/orgadmin", "internal/identity", false}, {"internal/identity", "internal/orgunit/orgadmin", true},
		{"internal/orgunit", "internal/publish", true}, {"internal/audit", "internal/channel", true}, {"internal/channel", "internal/audit", false},
		{"internal/channel/zalo", "internal/channel", false}, {"internal/channel/zalo", "internal/publish", true}, {"internal/publish", "internal/channel/zalo", true},
		{"internal/channel/zalo", "internal/channel/facebook", true}, {"internal/app", "internal/channel/zalo", false}, {"internal/channel", "internal/channel/zalo", true},
		{"internal/portal", "internal/publish", false}, {"internal/publish", "internal/portal", true}, {"internal/portal/portalweb", "internal/publish", false},
		{"internal/publish/publishweb", "internal/publish", false}, {"internal/publish", "internal/app", true}, {"internal/publish", "internal/platform/dbtest", true},
		{"internal/publish/publishtest", "internal/platform/dbtest", false}, {"internal/publish", "sim/zalo", true}, {"internal/app", "sim/zalo", true},
		{"cmd/nhipcau", "internal/app", false}, {"cmd/nhipcau", "internal/publish", true}, {"cmd/nhipcau", "sim/zalo", true},
		{"cmd/rehearsal", "sim/zalo", false}, {"cmd/rehearsal", "internal/app", false}, {"e2e", "internal/app", false}, {"sim/zalo", "internal/clock", false},
		{"internal/app", "docs/handbook", false}, {"docs/handbook", "internal/clock", true}, {"internal/platform/ui", "data/units", true},
	} {
		if why := refuse(placeOf(c.from), placeOf(c.to)); (why != "") != c.refused {
			t.Errorf("%s → %s: refused %v (%s), want %v", c.from, c.to, why != "", why, c.refused)
		}
	}
}

// Outside modules: the words are plain, the domain does not know the web.
func TestOutsideImports(t *testing.T) {
	h := load(t)
	for _, f := range h.files {
		if f.test {
			continue
		}
		p := placeOf(f.dir)
		for _, imp := range f.imports() {
			if p.layer == word && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !strings.HasPrefix(imp, module) && !strings.HasPrefix(imp, "golang.org/x/text/") {
				t.Errorf("%s imports %s: the words use the standard library and golang.org/x/text only", f.path, imp)
			}
			if (p.layer != word && p.layer != core && p.layer != feature) || p.web() || p.fixture() {
				continue
			}
			switch imp {
			case "net/http", "github.com/a-h/templ", module + "internal/platform/web", module + "internal/platform/ui":
				if webExceptions()[f.dir] == "" {
					t.Errorf("%s imports %s: rules and use cases do not know the web; move this to %sweb", f.path, imp, "internal/"+p.room+"/"+p.room)
				}
			}
		}
	}
}

// The table of arrows has no circle, and names only rooms that can exist.
func TestArrowTable(t *testing.T) {
	table := Arrows()
	var visit func(room string, path []string)
	visit = func(room string, path []string) {
		if slices.Contains(path, room) {
			t.Fatalf("the arrows make a circle: %s", strings.Join(append(path, room), " → "))
		}
		for _, next := range table[room] {
			if placeOf("internal/"+next).layer != feature {
				t.Errorf("the arrow %s → %s does not lead to a feature", room, next)
			}
			visit(next, append(slices.Clone(path), room))
		}
	}
	for _, room := range sortedKeys(table) {
		visit(room, nil)
	}
}
