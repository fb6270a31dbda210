// Package orgunit is the tree of units in time: province, district (until 30 June 2025), commune, residential area, cluster,
// and beside them the agencies that answer questions. A unit has an identity of its own; its code, name and parent hold for
// a span of days. Mergers, splits and renames are edges from a unit to its successors. A bare code is ambiguous: a new
// commune nearly always re-uses the code of one of its old members, so one asks for (code, date).
package orgunit

import (
	"github.com/nhipcau/nhipcau/internal/clock"
)

// Kind tells units of the Front from bodies outside it.
type Kind string

// The kinds of unit.
const (
	KindFront  Kind = "front"  // a committee of the Front, or a residential area's board
	KindAgency Kind = "agency" // a body that answers: department, People's Committee, delegation
)

// Level is a rung of the administrative ladder. Levels are data: a level can be closed, as districts were on 1 July 2025.
type Level string

// The levels in use.
const (
	LevelCentral  Level = "central"
	LevelProvince Level = "province"
	LevelDistrict Level = "district"
	LevelCommune  Level = "commune"
	LevelArea     Level = "area"    // xóm, khối, bản
	LevelCluster  Level = "cluster" // 20–30 households
)

// Rank orders levels from the top (0) down.
func (l Level) Rank() int {
	for i, x := range []Level{LevelCentral, LevelProvince, LevelDistrict, LevelCommune, LevelArea, LevelCluster} {
		if x == l {
			return i
		}
	}
	return 99
}

// Unit is one unit with what holds of it on the day it was asked for.
type Unit struct {
	ID        string
	Kind      Kind
	Level     Level
	Code      string // official code (QĐ 19/2025/QĐ-TTg for today's communes); "" where there is none
	Name      string // short: "Trường Vinh"
	FullName  string // with its kind: "Phường Trường Vinh"
	Type      string // "Phường", "Xã", "Thị trấn", "Xóm", …
	ParentID  string // "" at the top
	ValidFrom clock.Date
	ValidTo   clock.Date // first day on which it no longer stands; clock.Forever while it stands
	Slug      string     // unique among living units of the province: "phuong-truong-vinh"
}

// Stands tells whether the unit exists on the day.
func (u Unit) Stands(on clock.Date) bool { return u.ValidFrom <= on && on < u.ValidTo }

// EdgeKind says how a unit passed into its successor.
type EdgeKind string

// The kinds of succession, as in the conversion table of the National Statistics Office.
const (
	EdgeWhole  EdgeKind = "whole"  // all of it went there
	EdgePart   EdgeKind = "part"   // a part of it went there
	EdgeRename EdgeKind = "rename" // the same territory under another name, type or superior
)

// Edge is one succession: From ended on the day On, and (a part of) it lives on in To.
type Edge struct {
	From, To string
	Kind     EdgeKind
	On       clock.Date
	Basis    string // the decision it rests on, for example "NQ 1678/NQ-UBTVQH15"
}
