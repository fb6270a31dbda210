// Package audit is the diary of the house: who did what, when, in which unit. Each line carries the fingerprint of the line
// before it, so that nobody, not even the administrator of the database, can change or remove one without the break being
// found; and every hour the newest fingerprint goes into the public transparency log, where it cannot be taken back.
package audit

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the diary.
var Migrations = db.Migrations{Name: "audit", FS: migrations}

// Policies says who may read the diary.
//
//go:embed policies.cedar
var Policies string

// Entry is one act to write down; see identity.Trace for its fields. Details must hold no personal data.
type Entry = identity.Trace

// Line is one written line of the diary.
type Line struct {
	bun.BaseModel `bun:"table:audit_entry,alias:e"`

	Seq          int64     `bun:"seq,pk"` // 1, 2, 3 … without gaps
	At           time.Time `bun:"at"`     // UTC, to the microsecond
	ActorKind    string    `bun:"actor_kind"`
	ActorID      string    `bun:"actor_id"`
	ActorName    string    `bun:"actor_name"`
	UnitID       string    `bun:"unit_id"`
	Action       string    `bun:"action"`
	ResourceType string    `bun:"resource_type"`
	ResourceID   string    `bun:"resource_id"`
	Details      string    `bun:"details"`   // a JSON object of strings
	PrevHash     string    `bun:"prev_hash"` // hexadecimal; "" for the first line
	Hash         string    `bun:"hash"`      // hexadecimal SHA-256 over PrevHash and every field above
}

// DetailMap reads the details back.
func (l Line) DetailMap() map[string]string {
	m := map[string]string{}
	_ = json.Unmarshal([]byte(l.Details), &m) // written by Record: always an object of strings
	return m
}

// sum computes the fingerprint: SHA-256 over the fields as netstrings ("5:hello,"), so that no two different lines can look
// the same to it.
func (l Line) sum() string {
	h := sha256.New()
	for _, f := range []string{
		"nhipcau/audit/1", l.PrevHash, fmt.Sprint(l.Seq), fmt.Sprint(l.At.UnixMicro()), l.ActorKind, l.ActorID, l.ActorName,
		l.UnitID, l.Action, l.ResourceType, l.ResourceID, l.Details,
	} {
		netstring(h, f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func netstring(h hash.Hash, s string) { fmt.Fprintf(h, "%d:%s,", len(s), s) }

// clean makes a text that both engines store as it is: valid UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func newLine(e Entry) (Line, error) {
	details := map[string]string{}
	for k, v := range e.Details {
		details[clean(k)] = clean(v)
	}
	b, err := json.Marshal(details) // keys come out sorted
	if err != nil {
		return Line{}, fmt.Errorf("audit: details of %s: %w", e.Action, err)
	}
	return Line{
		ActorKind: string(e.Actor.Kind), ActorID: clean(e.Actor.ID), ActorName: clean(e.Actor.Name), UnitID: clean(e.UnitID),
		Action: clean(e.Action), ResourceType: clean(e.ResourceType), ResourceID: clean(e.ResourceID), Details: string(b),
	}, nil
}
