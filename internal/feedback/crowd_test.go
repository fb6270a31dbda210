package feedback_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// A crowd at the form is written together: each gets a case of their own with person and first event, a form sent twice is
// one case, and one whose code is taken is refused alone.
func TestCrowdAtTheForm(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		taken := k.Ask()
		const crowd = 80
		got := make([]feedback.Case, crowd)
		errs := make([]error, crowd)
		var wg sync.WaitGroup
		for i := range crowd {
			in := feedbacktest.Question()
			in.SourceKey = fmt.Sprint("form:", i/2) // each form twice
			if i >= crowd-2 {
				in.SourceKey, in.Code = fmt.Sprint("slip:", i), taken.Code
			}
			wg.Go(func() { got[i], errs[i] = k.Service.Ask(ctx, identity.Citizen(), in) })
		}
		wg.Wait()
		for i := 0; i < crowd-2; i += 2 {
			if errs[i] != nil || errs[i+1] != nil || got[i].ID != got[i+1].ID || got[i].ID == "" {
				t.Fatalf("form %d: %v %v, %q and %q", i/2, errs[i], errs[i+1], got[i].ID, got[i+1].ID)
			}
			d, err := k.Service.Dossier(ctx, feedbacktest.Officer, got[i].ID)
			if err != nil || len(d.Events) == 0 || !d.Case.HasPerson {
				t.Fatalf("form %d: %+v %v", i/2, d.Events, err)
			}
		}
		for i := crowd - 2; i < crowd; i++ {
			if errs[i] == nil {
				t.Errorf("a code that is taken made the case %s", got[i].Code)
			}
		}
		var n int
		for _, table := range []string{"feedback_case", "feedback_event", "feedback_person"} {
			if err := k.DB.Read().NewRaw("SELECT count(*) FROM "+table).Scan(ctx, &n); err != nil || n != (crowd-2)/2+1 {
				t.Errorf("%s: %d rows, %v", table, n, err)
			}
		}
		k.Drain()
		if err := k.DB.Read().NewRaw("SELECT count(*) FROM feedback_fresh").Scan(ctx, &n); err != nil || n != 0 {
			t.Errorf("%d cases are not settled, %v", n, err)
		}
	})
}
