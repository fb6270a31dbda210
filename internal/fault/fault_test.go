package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("save: %w", fault.New(fault.Conflict, "post.stale").Because(errors.New("version 3")))
	if got := fault.KindOf(err); got != fault.Conflict {
		t.Fatalf("kind = %v, want conflict", got)
	}
	if fault.KindOf(errors.New("disk")) != fault.Internal {
		t.Fatal("a plain error must be internal")
	}
}

func TestFieldsCollects(t *testing.T) {
	var fs fault.Fields
	if fs.OrNil() != nil {
		t.Fatal("no faults must be nil")
	}
	fs.Check(false, "title", "form.required")
	fs.Check(true, "lead", "form.required")
	err := fs.OrNil()
	if !fault.Is(err, fault.Invalid) || len(fs) != 1 || fs[0].Field != "title" {
		t.Fatalf("got %v", err)
	}
}

func TestWithCopies(t *testing.T) {
	base := fault.Field("title", "form.too_long")
	one := base.With("Limit", 150)
	if len(base.Args) != 0 || len(one.Args) != 1 {
		t.Fatal("With must not change its receiver")
	}
}
