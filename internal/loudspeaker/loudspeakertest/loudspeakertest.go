// Package loudspeakertest gives tests a working loudspeaker on the publishing house of publishtest, with the real voice.
package loudspeakertest

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakerweb"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
)

// Migrations is what a test gives to dbtest before New.
var Migrations = append(append([]db.Migrations{}, pt.Migrations...), loudspeaker.Migrations)

// World is a publishing house with a loudspeaker.
type World struct {
	*pt.World
	Loud  *loudspeaker.Service
	Words *i18n.Bundle
}

// New builds it on an empty database with Migrations.
func New(t testing.TB, d *db.DB) *World {
	t.Helper()
	words, err := i18n.Load(loudspeakerweb.Catalogue, publishweb.Catalogue, ui.Catalogue, picture.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &World{World: pt.New(t, d), Words: words}
	w.Loud = loudspeaker.New(loudspeaker.Deps{DB: d, Queue: w.Queue, Clock: w.Clock, Trail: w.Trail, Posts: w.Publish, Profiles: w.Profiles,
		Pictures: w.Pictures, Links: pt.Links{}, Blobs: blobs, Voice: loudspeaker.NewCommand(""), Words: words.In("vi")})
	return w
}
