package identity

import (
	"context"
	"fmt"
	"sync"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// SeedOfficial is an invented person of the rehearsal, ready to sign in.
type SeedOfficial struct {
	Name, Email string
	Password    string // "" for sign-in by one click only
	TOTPSecret  string // base32; "" exempts the person while Config.RehearsalSignIn is on
	Memberships []Term // From "" means: today; Until "" means: no end
}

// seedHashes remembers hashes: a rehearsal gives hundreds of people the same password, and each hash takes 40 ms.
type seedHashes struct {
	mu sync.Mutex
	m  map[string]string
}

func (h *seedHashes) hash(password string) (string, error) {
	if password == "" {
		return "", nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if got, ok := h.m[password]; ok {
		return got, nil
	}
	got, err := hashPassword(password)
	if err != nil {
		return "", err
	}
	if h.m == nil {
		h.m = map[string]string{}
	}
	h.m[password] = got
	return got, nil
}

// SeedOfficial makes one invented person with roles and answers the id; see SeedOfficials.
func (s *Service) SeedOfficial(ctx context.Context, tx db.Tx, in SeedOfficial) (string, error) {
	ids, err := s.SeedOfficials(ctx, tx, []SeedOfficial{in})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// SeedOfficials makes invented people with roles and answers their ids in order. It is for the rehearsal and for tests: it
// asks nobody's permission and adds nobody to a house where real people have accounts. A person whose address is there
// already is left as they are, so that seeding again changes nothing.
func (s *Service) SeedOfficials(ctx context.Context, tx db.Tx, list []SeedOfficial) ([]string, error) {
	ids := make([]string, len(list))
	for start := 0; start < len(list); start += 200 {
		part := list[start:min(len(list), start+200)]
		if err := s.seedPart(ctx, tx, part, ids[start:start+len(part)]); err != nil {
			return nil, err
		}
	}
	tx.AfterCommit(s.cache.clear)
	return ids, nil
}

func (s *Service) seedPart(ctx context.Context, tx db.Tx, part []SeedOfficial, ids []string) error {
	emails := make([]string, len(part))
	for i, in := range part {
		email, ok := NormalEmail(in.Email)
		if !ok {
			return fault.Field("email", "identity.email.invalid").Because(fmt.Errorf("seed: %q", in.Email))
		}
		emails[i] = email
	}
	var there []Official
	if err := tx.NewSelect().Model(&there).Where("o.email IN (?)", bun.In(emails)).Scan(ctx); err != nil {
		return err
	}
	known := map[string]string{}
	for _, o := range there {
		known[o.Email] = o.ID
	}
	var officials []Official
	var memberships []Membership
	for i, in := range part {
		if have, ok := known[emails[i]]; ok {
			ids[i] = have
			continue
		}
		o, err := s.seedRow(in, emails[i])
		if err != nil {
			return err
		}
		ids[i], known[o.Email] = o.ID, o.ID
		officials = append(officials, o)
		ms, err := s.seedTerms(o.ID, in.Memberships)
		if err != nil {
			return err
		}
		memberships = append(memberships, ms...)
	}
	if len(officials) > 0 {
		real, err := tx.NewSelect().Model((*Official)(nil)).Where("NOT o.rehearsal AND o.joined_at IS NOT NULL").Exists(ctx)
		if err != nil {
			return err
		}
		if real {
			return fault.New(fault.Conflict, "identity.seed.real_people")
		}
		if _, err := tx.NewInsert().Model(&officials).Exec(ctx); err != nil {
			return fmt.Errorf("identity: seed: %w", err)
		}
	}
	if len(memberships) > 0 {
		if _, err := tx.NewInsert().Model(&memberships).Exec(ctx); err != nil {
			return fmt.Errorf("identity: seed: %w", err)
		}
	}
	return nil
}

func (s *Service) seedRow(in SeedOfficial, email string) (Official, error) {
	now := s.clock.Now()
	o := Official{
		ID: id.New(), Name: in.Name, Email: email, Folded: folded(in.Name, email), PasskeyHandle: id.NewSecret(), Lang: "vi",
		Rehearsal: true, CreatedAt: now, JoinedAt: &now,
	}
	var err error
	if o.PasswordHash, err = s.seeds.hash(in.Password); err != nil {
		return Official{}, err
	}
	if in.TOTPSecret != "" {
		if o.TOTPSealed, err = s.sealTOTP(o.ID, in.TOTPSecret); err != nil {
			return Official{}, err
		}
	}
	return o, nil
}

func (s *Service) seedTerms(officialID string, terms []Term) ([]Membership, error) {
	var out []Membership
	for _, t := range terms {
		from := t.From
		if from == "" {
			from = s.today()
		}
		var fs fault.Fields
		to := checkTerm(&fs, t.Role, from, t.Until)
		if err := fs.OrNil(); err != nil {
			return nil, err
		}
		out = append(out, Membership{
			ID: id.New(), OfficialID: officialID, UnitID: t.UnitID, Role: t.Role, ValidFrom: from, ValidTo: to, GivenBy: "seed", CreatedAt: s.clock.Now(),
		})
	}
	return out, nil
}

// RehearsalPerson is one invented person with their roles.
type RehearsalPerson struct {
	OfficialID, Name string
	Grants           []Grant
}

// RehearsalPeople lists invented people one can sign in as, those of the widest units first as they were seeded; NotFound
// unless the rehearsal sign-in is switched on.
func (s *Service) RehearsalPeople(ctx context.Context, text string, limit int) ([]RehearsalPerson, error) {
	if !s.cfg.RehearsalSignIn {
		return nil, fault.New(fault.NotFound, "identity.rehearsal.off")
	}
	q := s.db.Read().NewSelect().Model((*Official)(nil)).Column("o.id", "o.name").
		Where("o.rehearsal AND o.disabled_at IS NULL").Order("o.id").Limit(int64(limit))
	var people []Official
	if err := named(q, text).Scan(ctx, &people); err != nil {
		return nil, err
	}
	if len(people) == 0 {
		return nil, nil
	}
	at := map[string]int{}
	out := make([]RehearsalPerson, len(people))
	ids := make([]string, len(people))
	for i, o := range people {
		at[o.ID], ids[i] = i, o.ID
		out[i] = RehearsalPerson{OfficialID: o.ID, Name: o.Name}
	}
	var ms []Membership
	today := s.today()
	err := s.db.Read().NewSelect().Model(&ms).Where("m.official_id IN (?) AND m.valid_from <= ? AND m.valid_to > ?", bun.In(ids), today, today).
		Order("m.valid_from", "m.id").Scan(ctx)
	for _, m := range ms {
		i := at[m.OfficialID]
		out[i].Grants = append(out[i].Grants, Grant{Role: m.Role, UnitID: m.UnitID})
	}
	return out, err
}

// RehearsalSignIn signs in as an invented person with one click.
func (s *Service) RehearsalSignIn(ctx context.Context, officialID string, c Client) (SignedIn, error) {
	if !s.cfg.RehearsalSignIn {
		return SignedIn{}, fault.New(fault.NotFound, "identity.rehearsal.off")
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ? AND o.rehearsal AND o.disabled_at IS NULL", officialID)
	if err != nil {
		return SignedIn{}, err
	}
	return s.finish(ctx, o, MethodRehearsal, c, nil)
}
