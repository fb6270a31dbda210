package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/simserver"
	"github.com/nhipcau/nhipcau/sim/youtube"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// world is the simulated outside: it keeps its own state in the data folder, as the real platforms would.
type world struct {
	zalo     *zalo.Sim
	facebook *facebook.Sim
	youtube  *youtube.Sim
	faults   *simkit.Faults
	address  string
}

func openWorld(o options, c clock.Clock) (*world, error) {
	folder := filepath.Join(o.data, "sim")
	w := &world{faults: &simkit.Faults{}, address: "http://" + o.simAddr}
	product := "http://" + o.addr
	var err error
	w.zalo, err = zalo.New(zalo.Config{
		AppID: zaloApp, AppSecret: zaloSecret, OASecretKey: zaloOAKey, WebhookURL: product + "/webhook/zalo",
		BaseURL: w.address + "/zalo", Clock: c, ArticleDelay: 1500 * time.Millisecond, Rate: rate(o.budget),
		RetryScale: 0.1, NoNight: true, Folder: folder, Faults: w.faults,
	})
	if err != nil {
		return nil, err
	}
	w.facebook, err = facebook.New(facebook.Config{
		AppID: facebookApp, AppSecret: facebookSecret, VerifyToken: facebookV, WebhookURL: product + "/webhook/facebook",
		BaseURL: w.address + "/graph", Clock: c, RetryScale: 0.1, Folder: folder, Faults: w.faults,
	})
	if err != nil {
		return nil, err
	}
	w.youtube, err = youtube.New(youtube.Config{ClientID: youtubeApp, ClientSecret: youtubeSecret, BaseURL: w.address + "/youtube", Clock: c,
		Processing: 20 * time.Second, RetryScale: 0.1, Folder: folder, Faults: w.faults})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// rate is the simulator's way to say "no limit".
func rate(budget int) int {
	if budget == 0 {
		return -1
	}
	return budget
}

func (w *world) handler() http.Handler {
	return simserver.World{Zalo: w.zalo, Facebook: w.facebook, YouTube: w.youtube, Faults: w.faults}.Handler()
}

func (w *world) close() {
	_ = w.zalo.Close()
	_ = w.facebook.Close()
	_ = w.youtube.Close()
}

// oaID and pageID are the identifiers of a unit's accounts: the same in every run.
func oaID(unitID string) string   { return "4" + digits("oa"+unitID, 18) }
func pageID(unitID string) string { return "1" + digits("page"+unitID, 14) }

// channelID is the identifier of a unit's YouTube channel.
func channelID(unitID string) string { return "UC" + digits("kenh"+unitID, 20) + "nc" }

func digits(s string, n int) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	d := strconv.FormatUint(h.Sum64(), 10)
	for len(d) < n {
		d = "0" + d
	}
	return d[:n]
}

// accounts opens one Official Account and one page per unit, with followers, and connects them.
func (w *world) accounts(ctx context.Context, house *app.House, units []orgunit.Unit, n *names) error {
	r := house.Rooms()
	var list []channel.Account
	var tokens []channel.Tokens
	var films []channel.Account
	var grants []channel.Tokens
	now := r.Clock.Now()
	for _, u := range units {
		name := "MTTQ " + u.FullName
		group := group(r.Units.Forest(), u, r.Units.Today())
		oa := zalo.OA{ID: oaID(u.ID), Name: name, Group: group, Description: "Trang chính thức của Ủy ban MTTQ Việt Nam " + u.FullName}
		t := w.zalo.AddOA(oa)
		page := facebook.Page{ID: pageID(u.ID), Name: name, Group: group, Fans: 200 + n.r.IntN(4000), Subscribed: []string{"feed", "messages"}}
		pageToken := w.facebook.AddPage(page)
		followers := w.people(u, n)
		list = append(list,
			channel.Account{UnitID: u.ID, Kind: channel.Zalo, ExternalID: oa.ID, Name: name, Link: w.address + "/wall/zalo/" + oa.ID, Followers: int64(followers),
				Capabilities: channel.Capabilities{Article: true, Broadcast: true, MessageV: "v2"}, CheckedAt: now},
			channel.Account{UnitID: u.ID, Kind: channel.Facebook, ExternalID: page.ID, Name: name, Link: w.address + "/wall/facebook/" + page.ID, Followers: int64(page.Fans),
				Capabilities: channel.Capabilities{Article: true}, CheckedAt: now})
		if u.Level != orgunit.LevelCommune { // a commune rarely has a channel of its own
			c := youtube.Channel{ID: channelID(u.ID), Name: name, Group: group, Subscribers: 50 + n.r.IntN(900)}
			films = append(films, channel.Account{UnitID: u.ID, Kind: channel.YouTube, ExternalID: c.ID, Name: name, Link: w.address + "/wall/youtube/" + c.ID,
				Followers: int64(c.Subscribers), Capabilities: channel.Capabilities{Article: true}, CheckedAt: now})
			grants = append(grants, channel.Tokens{Access: "worn", Refresh: w.youtube.AddChannel(c), Expires: now})
		}
		tokens = append(tokens, channel.Tokens{Access: t.Access, Refresh: t.Refresh, Expires: now.Add(24 * time.Hour)}, channel.Tokens{Access: pageToken})
	}
	list, tokens = append(list, films...), append(tokens, grants...)
	return r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for i, a := range list {
			if _, err := r.Channels.Install(ctx, tx, a, tokens[i]); err != nil {
				return fmt.Errorf("account of %s: %w", a.Name, err)
			}
		}
		return nil
	})
}

// people gives a unit's accounts their followers and tells how many.
func (w *world) people(u orgunit.Unit, n *names) int {
	count := 4 + n.r.IntN(8)
	if u.Level == orgunit.LevelProvince {
		count = 60
	}
	for i := range count {
		name := n.citizen()
		key := u.ID + "/" + strconv.Itoa(i)
		w.zalo.AddFollower(oaID(u.ID), zalo.Person{Key: key, Name: name, Gender: 1 + n.r.IntN(2)})
		if i%3 == 0 {
			w.facebook.AddPerson(pageID(u.ID), facebook.Person{Key: key, Name: name})
		}
	}
	return count
}

// group is the heading under which the wall shows a unit: its district when there was one.
func group(f *orgunit.Forest, u orgunit.Unit, on clock.Date) string {
	if u.Level == orgunit.LevelProvince {
		return u.FullName
	}
	if u.Level == orgunit.LevelDistrict {
		return u.FullName
	}
	for _, a := range f.Ancestors(u.ID, on) {
		return a.FullName
	}
	return u.FullName
}

// talk lets citizens write to some accounts through the real webhooks, once the product answers.
func (w *world) talk(house *app.House) error {
	texts, err := feedbackTexts()
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	units := committees(house, orgunit.LevelCommune)
	for i := range 14 {
		u := units[(i*37)%len(units)]
		text := texts[(i*5+3)%len(texts)].Text
		if i%4 == 3 {
			people := w.facebook.People(pageID(u.ID))
			if len(people) > 0 {
				if _, err := w.facebook.Say(pageID(u.ID), facebook.Utterance{Person: people[0].ID, Text: text}); err != nil {
					return err
				}
			}
			continue
		}
		followers := w.zalo.Followers(oaID(u.ID))
		who := followers[rnd.IntN(len(followers))]
		if _, err := w.zalo.Say(oaID(u.ID), who.UserID, zalo.Utterance{Text: text}); err != nil {
			return err
		}
	}
	_, err = w.zalo.Say(oaID(units[1].ID), w.zalo.Followers(oaID(units[1].ID))[0].UserID, zalo.Utterance{Text: "Cảm ơn cán bộ, chúc mọi người một ngày vui"})
	return err
}
