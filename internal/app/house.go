// Package app is the roof of the house: it reads the configuration, opens the platform, wires the kernel, the channels and
// the features together, and starts and stops them. It is the only package that knows all others.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/facebook"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/handbook"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/obs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/portal/portalweb"
	"github.com/nhipcau/nhipcau/internal/video"
)

// House is one running process of the product.
type House struct {
	cfg   Config
	log   *slog.Logger
	clock clock.Clock

	db    *db.DB
	queue *jobs.Queue
	box   *secret.Box
	blobs blob.Store

	channelRooms channelRooms
	pictures     *picture.Store
	// innerPictures are those that only officials see: houses of families, payments being handed over.
	innerPictures *picture.Store
	tlog          *tlog.Log
	metrics       *obs.Metrics
	words         *i18n.Bundle
	book          *handbook.Book

	units    *orgunit.Service
	authz    *identity.Authorizer
	people   *identity.Service
	audit    *audit.Log
	channels *channel.Service
	facebook *facebook.Adapter
	youtube  *youtube.Adapter
	films    *video.Service
	signer   *mail.Signer           // signs letters; nil without a mail server
	refused  *prometheus.CounterVec // webhooks with a wrong signature, by channel
	features features

	routes    web.Routes
	sitePages *portalweb.Pages
	handler   http.Handler
	stop      []func(context.Context) error // in the order they must be called
}

// Option changes how a house is opened.
type Option func(*House)

// WithClock gives the house a clock of its own: the rehearsal plays the past on one.
func WithClock(c clock.Clock) Option { return func(h *House) { h.clock = c } }

// BringForward lets everything that waits for its hour wait by so much less: a program that sets the clock of WithClock ahead
// tells the house.
func (h *House) BringForward(ctx context.Context, by time.Duration) error {
	return h.queue.BringForward(ctx, by)
}

// Open prepares a process: it opens everything, brings the tables up to date and wires the parts. Nothing runs yet.
func Open(ctx context.Context, c Config, logTo io.Writer, opts ...Option) (h *House, err error) {
	h = &House{cfg: c, metrics: obs.NewMetrics()}
	h.refused = h.metrics.Counter("webhook_refused_total", "Webhooks dropped because of a wrong signature.", "channel")
	for _, o := range opts {
		o(h)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
			h = nil
		}
	}()
	var level slog.Level
	if err = level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return h, fmt.Errorf("log.level: %w", err)
	}
	h.log = obs.NewLogger(logTo, c.Log.Format, level)
	// The transparency log's library writes to klog; its everyday lines are of no use to anybody here.
	klog.SetSlogLogger(obs.NewLogger(logTo, c.Log.Format, max(level, slog.LevelWarn)).With("part", "tlog"))
	if h.clock == nil {
		if h.clock, err = houseClock(c); err != nil {
			return h, err
		}
	}
	if err = h.openPlatform(ctx); err != nil {
		return h, err
	}
	if err = h.openKernel(ctx); err != nil {
		return h, err
	}
	if err = h.openFeatures(ctx); err != nil {
		return h, err
	}
	if err = h.openPortals(ctx); err != nil {
		return h, err
	}
	return h, h.openWeb(ctx)
}

type tuneArgs struct{}

func (tuneArgs) Kind() string { return "app.tune" }

func (h *House) openPlatform(ctx context.Context) (err error) {
	if h.db, err = db.Open(ctx, h.cfg.databaseDSN()); err != nil {
		return err
	}
	h.onClose(func(context.Context) error { return h.db.Close() })
	if err = jobs.Migrate(ctx, h.db); err != nil {
		return err
	}
	if err = h.db.Migrate(ctx, migrations()...); err != nil {
		return err
	}
	if err = h.db.Tune(ctx); err != nil { // a migration may have brought indexes that the engine knows nothing of
		return err
	}
	if h.queue, err = jobs.New(h.db, jobs.Config{Logger: h.log.With("part", "jobs"), Workers: map[string]int{"default": 100}}); err != nil {
		return err
	}
	jobs.Handle(h.queue, func(ctx context.Context, _ *jobs.Job[tuneArgs]) error { return h.db.Tune(ctx) })
	h.queue.Every(24*time.Hour, func() jobs.Args { return tuneArgs{} })
	if h.box, err = secret.Load(h.cfg.keyFile()); err != nil {
		return err
	}
	if h.blobs, err = blob.Open(ctx, h.cfg.blobsDSN()); err != nil {
		return err
	}
	h.pictures = picture.NewStore(h.blobs)
	h.innerPictures = h.pictures.Inner()
	if h.tlog, err = tlog.Open(ctx, h.cfg.logFolder(), h.cfg.logKeyFile(), tlog.Options{Origin: h.logOrigin()}); err != nil {
		return err
	}
	h.onClose(h.tlog.Close)
	h.words, err = i18n.Load(catalogues()...)
	h.metrics.Ready("database", h.db.Ping)
	return err
}

func (h *House) openKernel(ctx context.Context) (err error) {
	if h.units, err = orgunit.New(ctx, h.db, h.clock); err != nil {
		return err
	}
	if h.authz, err = identity.NewAuthorizer(h.units, h.clock, policies()...); err != nil {
		return err
	}
	h.audit = audit.New(h.db, h.clock)
	h.audit.RegisterJobs(h.queue, h.tlog)
	ic := identity.Config{BaseURL: h.cfg.PublicURL, RehearsalSignIn: h.cfg.Rehearsal.SignIn}
	if h.cfg.OIDC.Issuer != "" {
		ic.OIDC = &identity.OIDCConfig{Issuer: h.cfg.OIDC.Issuer, ClientID: h.cfg.OIDC.ClientID, ClientSecret: h.cfg.OIDC.ClientSecret, Name: h.cfg.OIDC.Name}
	}
	if h.people, err = identity.NewService(h.db, h.clock, h.box, h.units, h.authz, h.audit, ic); err != nil {
		return err
	}
	return h.openChannels()
}

// onClose registers what must be closed; the last registered is closed first.
func (h *House) onClose(fn func(context.Context) error) {
	h.stop = append([]func(context.Context) error{fn}, h.stop...)
}

// Close releases everything that Open opened.
func (h *House) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var err error
	for _, fn := range h.stop {
		err = errors.Join(err, fn(ctx))
	}
	h.stop = nil
	return err
}

// Handler answers every request to the house.
func (h *House) Handler() http.Handler { return h.handler }

// Start begins the background work: the queue, and the watch for changes of the unit tree by other processes.
func (h *House) Start(ctx context.Context) error {
	if err := h.queue.Start(ctx); err != nil {
		return fmt.Errorf("the queue does not start: %w", err)
	}
	h.onClose(h.queue.Stop)
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.units.Run(watch); err != nil && watch.Err() == nil {
			h.log.Error("the unit tree is no longer watched", "err", err)
		}
	}()
	h.onClose(func(context.Context) error { cancel(); <-done; return nil })
	return nil
}

// logOrigin names the public log after the house's public address.
func (h *House) logOrigin() string {
	return trimScheme(h.cfg.PublicURL) + "/log"
}

func trimScheme(u string) string {
	_, rest, found := strings.Cut(u, "://")
	if !found {
		return u
	}
	return rest
}

// Routes is the table of every route, for the tests that walk it.
func (h *House) Routes() []web.Route { return h.routes.List() }

// Authorizer decides by the policies of all rooms.
func (h *House) Authorizer() *identity.Authorizer { return h.authz }

// Actions lists every action that a policy speaks of, in order.
func (h *House) Actions() []string { return h.authz.Actions() }
