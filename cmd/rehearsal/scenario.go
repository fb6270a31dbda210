package main

import (
	"net"
	"os"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// password of every invented official: only with the second factor lifted, on this machine, in a rehearsal.
const password = "cau-qua-song-lam"

// scenario is one state of the province to rehearse.
type scenario struct {
	title  string
	now    time.Time // zero: the machine's time
	levels []orgunit.Level
	past   time.Duration // how far back the seed may play; 0: as far as it likes
}

func scenarios() map[string]scenario {
	return map[string]scenario{
		"nghe-an": {
			title:  "tỉnh Nghệ An hôm nay: 1 tỉnh, 130 xã, phường",
			levels: []orgunit.Level{orgunit.LevelProvince, orgunit.LevelCommune},
		},
		"nghe-an-2024": {
			title:  "tỉnh Nghệ An tháng 11/2024: 1 tỉnh, 21 huyện, 460 xã",
			now:    time.Date(2024, 11, 20, 8, 0, 0, 0, clock.Vietnam), // the oldest unit list holds from 1 November, the next from 1 December
			past:   18 * 24 * time.Hour,
			levels: []orgunit.Level{orgunit.LevelProvince, orgunit.LevelDistrict, orgunit.LevelCommune},
		},
	}
}

// province is Nghệ An's official code.
const province = "40"

// Secrets of the simulated platforms: they protect nothing.
const (
	zaloApp, zaloSecret, zaloOAKey         = "4100000000000000001", "rehearsal-app-secret", "rehearsal-oa-secret"
	youtubeApp, youtubeSecret              = "rehearsal.apps.example", "rehearsal-youtube-secret"
	facebookApp, facebookSecret, facebookV = "410000000000001", "rehearsal-graph-secret", "rehearsal-verify"
)

func productConfig(o options) app.Config {
	c := app.Defaults()
	c.Data, c.Listen, c.Database = o.data, o.addr, o.database
	c.Province = province
	c.Log.Level = o.logLevel
	c.Zalo.AppID, c.Zalo.AppSecret, c.Zalo.OASecretKey = zaloApp, zaloSecret, zaloOAKey
	c.Zalo.OAuthURL, c.Zalo.OpenAPIURL = "http://"+o.simAddr+"/zalo", "http://"+o.simAddr+"/zalo"
	c.Facebook.AppID, c.Facebook.AppSecret, c.Facebook.VerifyToken = facebookApp, facebookSecret, facebookV
	c.Facebook.GraphURL, c.Facebook.DialogURL = "http://"+o.simAddr+"/graph", "http://"+o.simAddr+"/graph"
	yt := "http://" + o.simAddr + "/youtube"
	c.YouTube.ClientID, c.YouTube.ClientSecret = youtubeApp, youtubeSecret
	c.YouTube.APIURL, c.YouTube.TokenURL, c.YouTube.ConsentURL, c.YouTube.HubURL, c.YouTube.FeedURL = yt, yt, yt, yt+"/subscribe", yt+"/xml/feeds/videos.xml"
	c.YouTube.WatchURL = "http://" + o.simAddr + "/wall/youtube/video/"
	c.Budget = o.budget
	host, _, err := net.SplitHostPort(o.addr)
	if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		c.Rehearsal.SignIn = true
	}
	if u := os.Getenv("NHIPCAU_PUBLIC_URL"); u != "" {
		c.PublicURL = u
	}
	// A mail server and a push service are there when whoever rehearses has one; without them readers are told nothing.
	c.Mail.SMTP, c.Mail.From, c.Push.Services = os.Getenv("NHIPCAU_MAIL__SMTP"), os.Getenv("NHIPCAU_MAIL__FROM"), os.Getenv("NHIPCAU_PUSH__SERVICES")
	return c
}
