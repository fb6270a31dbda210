package spending

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// NewNeed is what a unit says it needs from an appeal. Zero households and zero đồng say that nothing is needed any more.
type NewNeed struct {
	Appeal     string // its code
	UnitID     string
	Households int
	Amount     money.VND
	Note       string
}

type needRow struct {
	bun.BaseModel `bun:"table:spending_need,alias:n"`

	ID         string `bun:",pk"`
	AppealID   string
	UnitID     string
	Households int
	Amount     money.VND
	Note       string
	ByID       string
	ByName     string
	CreatedAt  time.Time
}

// SayNeed writes down what a unit needs; the newest word of a unit holds.
func (s *Service) SayNeed(ctx context.Context, actor identity.Actor, in NewNeed) error {
	if err := s.Authz.Check(actor, ActionNeed, identity.InUnit(in.UnitID)); err != nil {
		return err
	}
	appeal, err := s.Books.AppealByCode(ctx, s.DB.Read(), in.Appeal)
	if err != nil {
		return err
	}
	var fs fault.Fields
	fs.Check(in.UnitID == appeal.UnitID || s.Forest().Under(in.UnitID, appeal.UnitID, s.today()), "unit", "spending.share.unit")
	fs.Check(in.Households >= 0 && in.Households <= maxTarget, "households", "spending.need.households")
	fs.Check(in.Amount >= 0 && in.Amount <= MaxAmount, "amount", "spending.need.amount")
	fs.Check(within(in.Note, 0, maxText), "note", "spending.pay.note")
	if err := fs.OrNil(); err != nil {
		return err
	}
	row := needRow{ID: id.New(), AppealID: appeal.ID, UnitID: in.UnitID, Households: in.Households, Amount: in.Amount, Note: strings.TrimSpace(in.Note),
		ByID: actor.ID, ByName: actor.Name, CreatedAt: s.Clock.Now()}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: in.UnitID, Action: ActionNeed, ResourceType: "Appeal", ResourceID: appeal.ID,
			Details: map[string]string{"amount": in.Amount.String()}})
	})
}

// needs gives the newest word of each unit. A need stands since the first of the words that say it without a break.
func (store) needs(ctx context.Context, q bun.IDB, appealID string) ([]Need, error) {
	var rows []needRow
	if err := q.NewSelect().Model(&rows).Where("n.appeal_id = ?", appealID).Order("n.unit_id", "n.id").Scan(ctx); err != nil {
		return nil, err
	}
	var out []Need
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].UnitID != r.UnitID {
			out = append(out, Need{UnitID: r.UnitID, Since: r.CreatedAt})
		}
		n := &out[len(out)-1]
		if n.Households == 0 && n.Amount == 0 {
			n.Since = r.CreatedAt
		}
		n.Households, n.Amount = r.Households, r.Amount
	}
	return out, nil
}
