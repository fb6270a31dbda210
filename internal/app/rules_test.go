package app

import (
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// Every rule of the house has a name by which the page of rules explains it, and every action a word, in both languages.
func TestEveryRuleIsExplained(t *testing.T) {
	words, err := i18n.Load(catalogues()...)
	if err != nil {
		t.Fatal(err)
	}
	explained := func(key string) {
		t.Helper()
		vi, en := words.In("vi").T(key), words.In("en").T(key)
		if strings.Contains(vi, key) || strings.Contains(en, key) || vi == en {
			t.Errorf("%s is not in both catalogues: %q, %q", key, vi, en)
		}
	}
	rules := 0
	for _, f := range policies() {
		list, err := cedar.NewPolicyListFromBytes(f.Feature, []byte(f.Text))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, p := range list {
			name := string(p.Annotations()["id"])
			if name == "" || seen[name] {
				t.Errorf("%s: a rule has no name of its own: %q", f.Feature, name)
				continue
			}
			seen[name] = true
			rules++
			explained(f.Feature + ".rule." + name)
		}
	}
	if rules < 40 {
		t.Errorf("only %d rules", rules)
	}
	z, err := identity.NewAuthorizer(nil, nil, policies()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range z.Actions() {
		feature, verb, _ := strings.Cut(action, ".")
		explained(feature + ".action." + verb)
	}
}
