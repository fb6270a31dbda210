package feedback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/maplink"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Limits of what a form takes, in characters.
const (
	MaxText     = 20_000
	MinText     = 10
	MaxName     = 100
	MaxPhone    = 20
	MaxAddress  = 200
	MaxPlace    = 300
	MaxLink     = 1000
	MaxReason   = 2000
	MaxAnswer   = 20_000
	MaxPictures = 5
)

// Intake is what a case begins with.
type Intake struct {
	UnitID     string
	Kind       Kind
	Category   string
	Text       string
	Place      Place
	Person     Person
	Door       Door
	Return     Return
	MayPublish bool
	Pictures   []string // secrets that SavePicture gave
	SourceKey  string   // names the form, message or slip: the same key is taken in once
	Code       string   // tracking code that was given out before the case came; "" makes a new one
}

// Clean brings everything typed into the form in which it is kept: NFC, one kind of line end, no control characters, no
// white space around. It changes nothing a person would see.
func (in *Intake) Clean() {
	for _, p := range []*string{&in.Person.Name, &in.Person.Phone, &in.Person.Address, &in.Place.Text, &in.Place.Link, &in.Category} {
		*p = vntext.OneLine(*p)
	}
	in.Text = vntext.Clean(in.Text)
	if in.Kind == "" {
		in.Kind = Report
	}
	if lat, lon, ok := maplink.Read(in.Place.Link); ok {
		in.Place.Lat, in.Place.Lon = lat, lon
	}
}

// CheckWhat finds what is wrong with the first step of the form: what happened.
func (in Intake) CheckWhat() fault.Fields {
	var fs fault.Fields
	n := vntext.Length(in.Text)
	switch {
	case n == 0:
		fs.Add(fault.Field("text", "feedback.text_required"))
	case n < MinText:
		fs.Add(fault.Field("text", "feedback.text_short"))
	case n > MaxText:
		fs.Add(fault.Field("text", "feedback.text_long").With("Limit", vntext.FormatInt(MaxText)).With("Have", vntext.FormatInt(int64(n))))
	}
	fs.Check(in.Kind.Valid(), "kind", "feedback.kind_unknown")
	if len(in.Pictures) > MaxPictures {
		fs.Add(fault.Field("photos", "feedback.photos_many").With("Limit", MaxPictures))
	}
	return fs
}

// CheckWhere finds what is wrong with the second step: where it happened.
func (in Intake) CheckWhere() fault.Fields {
	var fs fault.Fields
	tooLong(&fs, "place", in.Place.Text, MaxPlace)
	tooLong(&fs, "link", in.Place.Link, MaxLink)
	if l := in.Place.Link; l != "" && !in.Place.HasPoint() {
		u, err := url.Parse(l)
		fs.Check(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "", "link", "feedback.link_bad")
	}
	return fs
}

// CheckWho finds what is wrong with the third step: how to reach the person. Nothing is required.
func (in Intake) CheckWho() fault.Fields {
	var fs fault.Fields
	tooLong(&fs, "name", in.Person.Name, MaxName)
	tooLong(&fs, "address", in.Person.Address, MaxAddress)
	fs.Check(in.Person.Phone == "" || masking.ValidPhone(in.Person.Phone), "phone", "feedback.phone_bad")
	return fs
}

func tooLong(fs *fault.Fields, field, value string, limit int) {
	if vntext.Length(value) > limit {
		fs.Add(fault.Field(field, "feedback.field_long").With("Limit", limit))
	}
}

func (s *Service) checkUnit(in Intake) fault.Fields {
	var fs fault.Fields
	if in.UnitID == "" {
		fs.Add(fault.Field("unit", "feedback.unit_required"))
		return fs
	}
	u, err := s.Forest().Unit(in.UnitID, s.today())
	fs.Check(err == nil && u.Stands(s.today()), "unit", "feedback.unit_unknown")
	return fs
}

// Ask takes in a question from the portal; anybody may ask.
func (s *Service) Ask(ctx context.Context, actor identity.Actor, in Intake) (Case, error) {
	if err := s.Authz.Check(actor, ActionAsk, identity.InUnit(in.UnitID)); err != nil {
		return Case{}, err
	}
	in.Door, in.Return = DoorPortal, Return{}
	return s.take(ctx, actor, in)
}

// Take takes in what an official types for a person at the counter or on the telephone, or what the inbox makes a case of.
// A source key that was taken in before gives the case it became.
func (s *Service) Take(ctx context.Context, actor identity.Actor, in Intake) (Case, error) {
	if err := s.Authz.Check(actor, ActionTake, identity.InUnit(in.UnitID)); err != nil {
		return Case{}, err
	}
	return s.take(ctx, actor, in)
}

// Assist takes in what the head of a residential area writes down for a person there; the commune of the area holds it. The
// helper gets no sight of the case by that.
func (s *Service) Assist(ctx context.Context, actor identity.Actor, areaID string, in Intake) (Case, error) {
	if err := s.Authz.Check(actor, ActionAssist, identity.InUnit(areaID)); err != nil {
		return Case{}, err
	}
	area, err := s.Forest().Unit(areaID, s.today())
	up := s.Forest().Ancestors(areaID, s.today())
	if err != nil || area.Level != orgunit.LevelArea || len(up) == 0 {
		return Case{}, fault.Field("unit", "feedback.unit_unknown")
	}
	in.UnitID, in.Door, in.Return = up[0].ID, DoorArea, Return{}
	return s.take(ctx, actor, in)
}

func (s *Service) take(ctx context.Context, actor identity.Actor, in Intake) (Case, error) {
	in.Clean()
	var fs fault.Fields
	for _, part := range []fault.Fields{in.CheckWhat(), s.checkUnit(in), in.CheckWhere(), in.CheckWho()} {
		fs = append(fs, part...)
	}
	if err := fs.OrNil(); err != nil {
		return Case{}, err
	}
	if in.SourceKey == "" {
		in.SourceKey = string(in.Door) + ":" + id.New()
	}
	now := s.Clock.Now()
	term, err := s.term(ctx, in.Kind, in.Category, in.UnitID, now)
	if err != nil {
		return Case{}, err
	}
	for range 3 { // a second round only when the new code happens to exist
		c, err := s.insert(ctx, actor, in, term, now)
		if !db.IsUnique(err) {
			return c, err
		}
		before, ferr := s.store.caseBy(ctx, s.DB.Read(), "source_key", in.SourceKey)
		if ferr == nil {
			return before, nil
		}
		if !fault.Is(ferr, fault.NotFound) {
			return Case{}, ferr
		}
		if in.Code != "" {
			return Case{}, fault.New(fault.Conflict, "feedback.code_taken")
		}
	}
	return Case{}, errors.New("feedback: no free tracking code in three tries")
}

// insert writes the case with its person, its first event and the note that it is to be settled in one transaction: the hot
// path of the house.
func (s *Service) insert(ctx context.Context, actor identity.Actor, in Intake, term Term, now time.Time) (Case, error) {
	fresh, err := s.prepare(actor, in, term, now)
	if err != nil {
		return Case{}, err
	}
	if fresh.plain(actor.SignedIn()) && len(in.Pictures) == 0 {
		err = s.crowd.Do(ctx, &fresh)
	} else {
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.put(ctx, tx, actor, in, &fresh) })
	}
	if err != nil {
		return Case{}, err
	}
	return fresh.c, nil
}

// newCase is a case that is about to be written, with its first event and its person sealed.
type newCase struct {
	c         Case
	e         Event
	sourceKey string
	sealed    string
}

// prepare makes all of a new case that needs no database.
func (s *Service) prepare(actor identity.Actor, in Intake, term Term, now time.Time) (n newCase, err error) {
	n.c = Case{
		ID: id.New(), Code: id.NewCode(), Kind: in.Kind, Category: in.Category, Text: in.Text, Door: in.Door, Return: in.Return, Place: in.Place,
		MayPublish: in.MayPublish && !in.Kind.Secret(), HasPerson: !in.Person.Empty(), Initials: masking.Initials(in.Person.Name), PhoneTail: masking.PhoneTail(in.Person.Phone),
	}
	if in.Code != "" {
		n.c.Code = in.Code
	}
	if n.e, err = n.c.Take(StepReceive, Act{At: now, ActorID: actor.ID, ActorName: actor.Name, ToUnitID: in.UnitID, Clock: term}); err != nil {
		return n, err
	}
	n.e.ID, n.sourceKey = id.New(), in.SourceKey
	n.c.Receipt = newReceipt(n.c)
	n.sealed, err = s.seal(n.c.ID, in.Person)
	return n, err
}

// put writes a new case with everything that belongs to its beginning.
func (s *Service) put(ctx context.Context, tx db.Tx, actor identity.Actor, in Intake, n *newCase) (err error) {
	if n.c.Pictures = len(in.Pictures); n.c.Pictures > 0 {
		if n.c.Pictures, err = s.store.loosePictures(ctx, tx, in.Pictures); err != nil {
			return err
		}
	}
	if err := s.putPlain(ctx, tx, []*newCase{n}); err != nil {
		return err
	}
	if n.c.Pictures > 0 {
		if _, err := s.store.claimPictures(ctx, tx, n.c.ID, in.Pictures); err != nil {
			return err
		}
	}
	if err := s.tell(ctx, tx, n.c, n.e, ""); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, n.c, "feedback.receive")
}

// putPlain writes new cases with which nothing else is written.
func (s *Service) putPlain(ctx context.Context, tx db.Tx, list []*newCase) error {
	tx.AfterCommit(s.settler.Call)
	return s.store.insertNew(ctx, tx, list)
}

// How many cases that come in at the same moment are written in one transaction, and how many such transactions at a time.
const (
	crowdTogether = 64
	crowdWidth    = 2
)

func (s *Service) putCrowd(ctx context.Context, list []*newCase) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.putPlain(ctx, tx, list) })
}

func (s *Service) seal(caseID string, p Person) (string, error) {
	if p.Empty() {
		return "", nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(b, personPlace(caseID))
}

func personPlace(caseID string) string { return "feedback_person:" + caseID }

// newReceipt makes the salted hashes that the transparency log holds for the case.
func newReceipt(c Case) Receipt {
	r := Receipt{Salt: id.NewSecret(), LogIndex: -1}
	r.TextHash = hexSum(r.Salt + "\n" + c.Text)
	r.Leaf = LeafOf(c, r)
	return r
}

// LeafOf computes the leaf of a case: SHA-256 over a first line that names the form, then id, code, time of receipt
// (RFC 3339, UTC), text hash and salt, one to a line. Whoever has the receipt can compute it again.
func LeafOf(c Case, r Receipt) string {
	return hexSum(strings.Join([]string{"nhipcau feedback receipt v1", c.ID, c.Code, c.ReceivedAt.UTC().Format(time.RFC3339Nano), r.TextHash, r.Salt}, "\n"))
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// SavePicture takes one photo of a form that is still being filled in and returns the secret by which the form claims it.
func (s *Service) SavePicture(ctx context.Context, actor identity.Actor, r io.Reader, alt string) (secret string, err error) {
	if err := s.Authz.Check(actor, ActionAsk, identity.InUnit("")); err != nil {
		return "", err
	}
	p, err := s.Pictures.Save(ctx, r)
	if err != nil {
		return "", asField(err, "photos")
	}
	secret = id.NewSecret()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.store.insertPicture(ctx, tx, pictureRow{ID: p.ID, Secret: secret, Alt: vntext.OneLine(vntext.Truncate(alt, 200)), Width: p.Width, Height: p.Height, At: s.Clock.Now()})
	})
	if err != nil {
		return "", fmt.Errorf("feedback: keep picture: %w", err)
	}
	return secret, nil
}

// UsedPictures implements picture.Owner: the photos of cases, and those of forms that may still be sent.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPictures(ctx, s.DB.Read(), ids)
}

var _ picture.Owner = (*Service)(nil)

// asField turns a refusal without a field into one of the named field, so that the form can show it in its place.
func asField(err error, field string) error {
	var e *fault.Error
	if !errors.As(err, &e) || (e.Kind != fault.Invalid && e.Kind != fault.TooLarge) {
		return err
	}
	c := *e
	c.Kind, c.Field = fault.Invalid, field
	return &c
}

// LeafBytes is the leaf of a case as it is computed from what is kept: the text is hashed anew, so that an altered one does
// not give the leaf that stands in the log.
func LeafBytes(c Case) ([]byte, error) {
	r := c.Receipt
	r.TextHash = hexSum(r.Salt + "\n" + c.Text)
	return hex.DecodeString(LeafOf(c, r))
}

// ReadProof gives the log's proof of a receipt; a NotFound fault while it is being written.
func ReadProof(r Receipt) (tlog.Proof, error) {
	var p tlog.Proof
	if !r.Logged() {
		return p, fault.New(fault.NotFound, "feedback.receipt.writing")
	}
	return p, json.Unmarshal([]byte(r.LogProof), &p)
}
