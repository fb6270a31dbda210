package orgunit

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// FewUnits is up to how many units are written out in a query; more of them are looked up (see Within).
const FewUnits = 400

// Nearby lists units with all that stand below them or live on in them, former ones too. It remembers its lists, so that a
// desk does not go through the whole tree for each page; its zero value is ready.
type Nearby struct {
	mu    sync.Mutex
	lists map[string][]string
}

// Of gives the ids as the tree is on the day; nil when they are more than FewUnits, or when no units are named.
func (n *Nearby) Of(f *Forest, units []string, on clock.Date) []string {
	if len(units) == 0 {
		return nil
	}
	key := strings.Join(append([]string{strconv.FormatInt(f.Version(), 10), string(on)}, units...), " ")
	n.mu.Lock()
	defer n.mu.Unlock()
	if list, known := n.lists[key]; known {
		return list
	}
	var out []string
	for _, u := range f.AllIDs() {
		if len(out) <= FewUnits && slices.ContainsFunc(units, func(top string) bool { return f.Under(u, top, on) }) {
			out = append(out, u)
		}
	}
	if len(out) > FewUnits {
		out = nil
	}
	if n.lists == nil || len(n.lists) > 1000 { // a day or a reorganisation ago
		n.lists = map[string][]string{}
	}
	n.lists[key] = out
	return out
}
