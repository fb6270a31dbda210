package zalo

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

const (
	crowdPage = 50
	lastPage  = 9951 // Zalo shows no follower beyond this offset
	chatPage  = 10
)

// Followers implements channel.Crowd. Zalo shows at most 10,001 people of one list: larger accounts are read in slices of
// time, and kept up to date by the webhooks of following and leaving.
func (z *Adapter) Followers(ctx context.Context, a channel.Account, f channel.CrowdFilter, offset int) (channel.CrowdPage, error) {
	q := map[string]any{"offset": offset, "count": crowdPage}
	if f.Tag != "" {
		q["tag_name"] = f.Tag
	} else {
		q["is_follower"] = true
	}
	if !f.From.IsZero() {
		day := func(t time.Time) string { return strings.ReplaceAll(string(clock.DateOf(t)), "-", "_") }
		q["last_interaction_period"] = day(f.From) + ":" + day(f.To)
	}
	var out struct {
		Total text `json:"total"`
		Users []struct {
			ID text `json:"user_id"`
		} `json:"users"`
	}
	if err := z.call(ctx, a, http.MethodGet, "/v3.0/oa/user/getlist", data(q), nil, &out); err != nil {
		return channel.CrowdPage{}, err
	}
	p := channel.CrowdPage{Total: out.Total.int()}
	for _, u := range out.Users {
		p.People = append(p.People, string(u.ID))
	}
	switch next := offset + len(out.Users); {
	case len(out.Users) == 0 || int64(next) >= p.Total:
	case next > lastPage:
		p.Capped = true
	default:
		p.Next = next
	}
	return p, nil
}

// Profile implements channel.Crowd.
func (z *Adapter) Profile(ctx context.Context, a channel.Account, personID string) (channel.Profile, error) {
	if _, _, anonymous := visitor(personID); anonymous { // Zalo knows nothing of them
		return channel.Profile{PersonID: personID}, nil
	}
	var out struct {
		ByApp    text   `json:"user_id_by_app"`
		Name     string `json:"display_name"`
		Avatar   string `json:"avatar"`
		Follower bool   `json:"user_is_follower"`
		Last     string `json:"user_last_interaction_date"` // dd/MM/yyyy
		Tags     struct {
			Names []string `json:"tag_names"`
		} `json:"tags_and_notes_info"`
		Shared *struct {
			Name     string `json:"name"`
			Phone    text   `json:"phone"`
			Address  string `json:"address"`
			City     string `json:"city"`
			District string `json:"district"`
		} `json:"shared_info"`
	}
	if err := z.call(ctx, a, http.MethodGet, "/v3.0/oa/user/detail", data(map[string]string{"user_id": personID}), nil, &out); err != nil {
		return channel.Profile{}, err
	}
	p := channel.Profile{PersonID: personID, AppID: string(out.ByApp), Name: out.Name, Picture: out.Avatar, Follows: out.Follower, Tags: out.Tags.Names}
	if day, err := clock.ParseDate(out.Last); err == nil {
		p.LastAct = day.Time()
	}
	if s := out.Shared; s != nil && (s.Name != "" || s.Phone != "") {
		p.Shared = &channel.Shared{Name: s.Name, Phone: string(s.Phone), Address: s.Address, City: s.City, District: s.District}
	}
	return p, nil
}

// Tags implements channel.Tagger.
func (z *Adapter) Tags(ctx context.Context, a channel.Account) ([]string, error) {
	var out []string
	err := z.call(ctx, a, http.MethodGet, "/v2.0/oa/tag/gettagsofoa", nil, nil, &out)
	return out, err
}

// SetTag implements channel.Tagger.
func (z *Adapter) SetTag(ctx context.Context, a channel.Account, personID, tag string, on bool) error {
	path := "/v2.0/oa/tag/rmfollowerfromtag"
	if on {
		path = "/v2.0/oa/tag/tagfollower"
	}
	return z.call(ctx, a, http.MethodPost, path, nil, map[string]string{"user_id": personID, "tag_name": tag}, nil)
}

// DropTag implements channel.Tagger; dropping what is not there is no error.
func (z *Adapter) DropTag(ctx context.Context, a channel.Account, tag string) error {
	err := z.call(ctx, a, http.MethodPost, "/v2.0/oa/tag/rmtag", nil, map[string]string{"tag_name": tag}, nil)
	if isCode(err, "-201") {
		return nil
	}
	return err
}

func (z *Adapter) conversation(ctx context.Context, a channel.Account, personID string, offset int) ([]chatLine, error) {
	var lines []chatLine
	q := data(map[string]any{"user_id": personID, "offset": offset, "count": chatPage})
	err := z.call(ctx, a, http.MethodGet, "/v2.0/oa/conversation", q, nil, &lines)
	return lines, err
}

// said turns a line of Zalo's history into a message. Reactions are none.
func (l chatLine) said(a channel.Account) (channel.Message, bool) {
	m := channel.Message{Kind: channel.Zalo, AccountID: a.ID, ExternalID: string(l.MessageID), Text: l.Message, At: time.UnixMilli(l.Time.int()).UTC(),
		Outgoing: l.Src == "0", PersonID: string(l.FromID), PersonName: l.FromName}
	if m.Outgoing {
		m.PersonID, m.PersonName = string(l.ToID), l.ToName
	}
	switch {
	case l.Type == "reaction":
		return m, false
	case l.URL != "" && l.Type != "text" && l.Type != "file" && l.Type != "link":
		m.Pictures = []channel.Picture{{URL: l.URL}}
	case l.URL != "" && !strings.Contains(m.Text, l.URL):
		m.Text = lines(m.Text, l.URL)
	}
	return m, m.ExternalID != "" && (m.Text != "" || len(m.Pictures) > 0)
}

// RecentChats implements channel.Historian.
func (z *Adapter) RecentChats(ctx context.Context, a channel.Account, offset int) ([]channel.Message, bool, error) {
	var ls []chatLine
	q := data(map[string]any{"offset": offset, "count": chatPage})
	if err := z.call(ctx, a, http.MethodGet, "/v2.0/oa/listrecentchat", q, nil, &ls); err != nil {
		return nil, false, err
	}
	var out []channel.Message
	for _, l := range ls {
		m, _ := l.said(a) // whom it was with counts, also when it was a reaction
		out = append(out, m)
	}
	return out, len(ls) == chatPage, nil
}

// Conversation implements channel.Historian.
func (z *Adapter) Conversation(ctx context.Context, a channel.Account, personID string, offset int) ([]channel.Message, bool, error) {
	ls, err := z.conversation(ctx, a, personID, offset)
	if err != nil {
		return nil, false, err
	}
	var out []channel.Message
	for _, l := range ls {
		if m, ok := l.said(a); ok {
			out = append(out, m)
		}
	}
	return out, len(ls) == chatPage, nil
}
