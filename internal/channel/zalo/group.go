package zalo

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

const groupPage = 50

// Groups implements channel.Grouper: the groups that the account itself leads. Others cannot be read or joined.
func (z *Adapter) Groups(ctx context.Context, a channel.Account) ([]channel.Group, error) {
	var all []channel.Group
	for {
		var out struct {
			Total  text `json:"total"`
			Groups []struct {
				ID      text   `json:"group_id"`
				Name    string `json:"name"`
				Link    string `json:"group_link"`
				Members text   `json:"total_member"`
				Status  string `json:"status"`
			} `json:"groups"`
		}
		q := url.Values{"offset": {strconv.Itoa(len(all))}, "count": {strconv.Itoa(groupPage)}}
		if err := z.call(ctx, a, http.MethodGet, "/v3.0/oa/group/getgroupsofoa", q, nil, &out); err != nil {
			return nil, err
		}
		for _, g := range out.Groups {
			all = append(all, channel.Group{ID: string(g.ID), Name: g.Name, Link: g.Link, Members: int(g.Members.int()), Open: g.Status == "enabled"})
		}
		if len(out.Groups) == 0 || int64(len(all)) >= out.Total.int() {
			return all, nil
		}
	}
}

// GroupAssets implements channel.Grouper. Zalo answers for one size and one origin at a time.
func (z *Adapter) GroupAssets(ctx context.Context, a channel.Account) ([]channel.GroupAsset, error) {
	var all []channel.GroupAsset
	for _, size := range []int{10, 50, 100, 1000} {
		for _, origin := range []string{"sub_quota", "purchase_quota", "reward_quota"} {
			var out []struct {
				ID    text   `json:"asset_id"`
				Until string `json:"valid_through"`
				Used  text   `json:"used_id"`
			}
			in := map[string]string{"quota_owner": "OA", "product_type": "gmf" + strconv.Itoa(size), "quota_type": origin}
			if err := z.call(ctx, a, http.MethodPost, "/v3.0/oa/quota/group", nil, in, &out); err != nil {
				return nil, err
			}
			for _, x := range out {
				all = append(all, channel.GroupAsset{ID: string(x.ID), Size: size, Until: x.Until, GroupID: string(x.Used)})
			}
		}
	}
	return all, nil
}

// Pieces implements channel.Shelf: what stands at the account, newest first, ten at a time.
func (z *Adapter) Pieces(ctx context.Context, a channel.Account, video bool, offset int) ([]channel.Piece, int, error) {
	kind := "normal"
	if video {
		kind = "video"
	}
	ms, total, err := z.sliceFrom(ctx, a, offset, "10", kind)
	if err != nil {
		return nil, 0, err
	}
	out := make([]channel.Piece, len(ms))
	for i, m := range ms {
		out[i] = channel.Piece{ID: m.ID, Title: m.Title, Link: m.LinkView, Video: video, Hidden: m.Status == "hide", Views: m.Views.int(), CreatedAt: time.UnixMilli(m.Created.int()).UTC()}
	}
	return out, total, nil
}

// SetHidden implements channel.Shelf. Zalo takes no change of one field: the article is read and sent back whole, with the
// other status.
func (z *Adapter) SetHidden(ctx context.Context, a channel.Account, id string, hidden bool) (channel.Receipt, error) {
	d, err := z.detail(ctx, a, id)
	if err != nil {
		return channel.Receipt{}, err
	}
	want := "show"
	if hidden {
		want = "hide"
	}
	if d.Status == want {
		return channel.Receipt{State: channel.ReceiptPublished, ExternalID: id, Link: d.LinkView}, nil
	}
	in := article{ID: id, Type: d.Type, Title: d.Title, Author: d.Author, Description: d.Description, Cover: d.Cover, Body: slices.Clone(d.Body), VideoID: d.VideoID,
		Avatar: d.Avatar, Status: want, Comment: d.Comment}
	if d.TrackingLink != nil {
		in.TrackingLink = *d.TrackingLink
	}
	if in.Cover != nil {
		in.Cover.Status = "show" // the status of the picture: without it Zalo makes no article
	}
	var out struct {
		Token string `json:"token"`
	}
	if err := z.call(ctx, a, http.MethodPost, "/v2.0/article/update", nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptProcessing, Token: out.Token, ExternalID: id, Link: d.LinkView}, nil
}
