package zalo

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Types of OA as getoa tells them.
const (
	TypeBusiness = 2 // doanh nghiệp
	TypeState    = 4 // cơ quan nhà nước: answers -235 to the v3 message API
)

// Ways in which an OA can write to one person.
const (
	MessagingV3   = "v3"   // only POST /v3.0/oa/message/cs; v2 answers -240
	MessagingV2   = "v2"   // only POST /v2.0/oa/message; v3 answers -235
	MessagingBoth = "both" // either
	MessagingNone = "none" // neither: -235
)

// Packages of an OA. With the basic one every API call but getoa answers -224.
const (
	PackageBasic    = "Cơ bản"
	PackageTrial    = "Dùng thử"
	PackageAdvanced = "Nâng cao"
	PackagePremium  = "Premium"
)

// OA is an official account and the knobs that decide how the API treats it. The zero value of every knob is a verified
// state-agency OA with the Premium package and no limits, so a rehearsal needs only ID and Name.
type OA struct {
	ID          string `json:"id"` // decimal text; made from Name when empty
	Name        string `json:"name"`
	Alias       string `json:"alias,omitempty"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"` // default "Cơ quan nhà nước"
	Avatar      string `json:"avatar,omitempty"`   // address of its picture; "" is one of the simulator's own, by Emblem
	Emblem      int    `json:"emblem,omitempty"`   // simkit.Emblem; simkit.NoEmblem for an OA without a picture
	Group       string `json:"group,omitempty"`    // for the wall: the province or district it is shown under

	Type           int       `json:"type,omitempty"`            // TypeState (default) or TypeBusiness
	Unverified     bool      `json:"unverified,omitempty"`      // broadcasts answer -221
	Package        string    `json:"package,omitempty"`         // default Premium
	PackageUntil   time.Time `json:"package_until,omitzero"`    // zero: never ends; after it, -224
	Messaging      string    `json:"messaging,omitempty"`       // default v2 for a state OA, v3 for a business one
	ArticleQuota   int       `json:"article_quota,omitempty"`   // standing articles per calendar month; 0: no limit; beyond, -223
	BroadcastQuota int       `json:"broadcast_quota,omitempty"` // broadcasts per month of the OA; 0: no limit; beyond, -211
	ReceiverQuota  int       `json:"receiver_quota,omitempty"`  // broadcasts one follower may get per month (and then one a day); 0: no limit; beyond, -218
	ReplyQuota     int       `json:"reply_quota,omitempty"`     // messages outside 48 hours per month; 0: no limit; beyond, -320
	Disabled       bool      `json:"disabled,omitempty"`        // -204
	Gone           bool      `json:"gone,omitempty"`            // -205
	AppRemoved     bool      `json:"app_removed,omitempty"`     // -219
	NoNotices      bool      `json:"no_notices,omitempty"`      // may not send templates by telephone: -120
	NoZCA          bool      `json:"no_zca,omitempty"`          // no Zalo Cloud Account: templates answer -136
	NoBalance      bool      `json:"no_balance,omitempty"`      // nothing left in it: -115
	NoticeDaily    int       `json:"notice_daily,omitempty"`    // templates by telephone a day; 0: 500 told, none enforced; beyond, -144
	Admins         []string  `json:"admins,omitempty"`          // telephones of administrators: they get messages in mode development
	Denied         []string  `json:"denied,omitempty"`          // parts of API paths the administrator did not grant: -223

	// Tokens to start with, for tests that want known values; made at random when empty.
	AccessToken  string `json:"-"`
	RefreshToken string `json:"-"`
	// Ungranted leaves the OA without tokens until its administrator passes the consent page.
	Ungranted bool `json:"ungranted,omitempty"`
}

func (o OA) withDefaults(ids func(...string) string) OA {
	o.ID = cmp.Or(o.ID, ids("oa", o.Name))
	o.Type = cmp.Or(o.Type, TypeState)
	o.Package = cmp.Or(o.Package, PackagePremium)
	o.Category = cmp.Or(o.Category, "Cơ quan nhà nước")
	if o.Messaging == "" {
		o.Messaging = MessagingV3
		if o.Type == TypeState {
			o.Messaging = MessagingV2
		}
	}
	return o
}

// Person is a citizen with Zalo. The same person has another user id at each OA, joined by user_id_by_app.
type Person struct {
	Key      string `json:"key"` // any name that identifies the person in the rehearsal; made from Name when empty
	Name     string `json:"name"`
	Phone    string `json:"phone,omitempty"` // 84…
	Address  string `json:"address,omitempty"`
	Gender   int    `json:"gender,omitempty"`   // 1 male, 2 female, 0 not said
	AgeGroup string `json:"age,omitempty"`      // "0" … "7" as in broadcast targets, empty when not said
	City     string `json:"city,omitempty"`     // city code of broadcast targets, empty when not said
	Region   string `json:"region,omitempty"`   // 0 North, 1 Central, 2 South, empty when not said
	Platform int    `json:"platform,omitempty"` // 1 iOS, 2 Android, 3 Windows Phone, 0 not said
}

// Follower is a person as one OA knows them.
type Follower struct {
	Person
	UserID    string         `json:"user_id"` // made from the OA and the person's key when empty
	ByApp     string         `json:"user_id_by_app"`
	Follows   bool           `json:"follows"`
	Since     time.Time      `json:"since"`            // when they followed or first wrote
	LastAct   time.Time      `json:"last_interaction"` // opens the 48 hours and 7 days; zero: never
	Alias     string         `json:"alias,omitempty"`
	Notes     []string       `json:"notes,omitempty"`
	Tags      []string       `json:"tags,omitempty"`
	Blocked   bool           `json:"blocked,omitempty"`  // refuses messages: -217
	Received  map[string]int `json:"received,omitempty"` // broadcasts by month "2006-01" and day "2006-01-02"
	ReadUntil time.Time      `json:"read_until,omitzero"`
	Shared    *Contact       `json:"shared,omitempty"`      // what they handed over
	External  string         `json:"external_id,omitempty"` // what the OA calls them elsewhere
	Custom    map[string]any `json:"custom,omitempty"`      // values of the OA's own fields
}

// Tokens is the living pair of an OA.
type Tokens struct {
	Access         string    `json:"access_token"`
	Refresh        string    `json:"refresh_token"`
	AccessExpires  time.Time `json:"access_expires"`
	RefreshExpires time.Time `json:"refresh_expires"`
	Refreshes      int       `json:"refreshes"` // successful refreshes so far
	Replays        int       `json:"replays"`   // attempts with a used or wrong refresh token
}

// Block is one part of an article's body.
type Block struct {
	Type    string `json:"type"` // text, image, video, product
	Content string `json:"content,omitempty"`
	URL     string `json:"url,omitempty"`
	Caption string `json:"caption,omitempty"`
	VideoID string `json:"video_id,omitempty"`
	Thumb   string `json:"thumb,omitempty"`
	ID      string `json:"id,omitempty"`
}

// Cover is the head picture or video of an article.
type Cover struct {
	CoverType string `json:"cover_type"` // photo or video
	PhotoURL  string `json:"photo_url,omitempty"`
	VideoID   string `json:"video_id,omitempty"`
	CoverView string `json:"cover_view,omitempty"`
	Status    string `json:"status"`
}

// Article is a piece on the OA's wall.
type Article struct {
	ID           string    `json:"id"`
	OA           string    `json:"oa"`
	Type         string    `json:"type"` // normal or video
	Title        string    `json:"title"`
	Author       string    `json:"author,omitempty"`
	Description  string    `json:"description"`
	Cover        *Cover    `json:"cover,omitempty"`
	Body         []Block   `json:"body,omitempty"`
	VideoID      string    `json:"video_id,omitempty"`
	Avatar       string    `json:"avatar,omitempty"`
	Related      []string  `json:"related_medias,omitempty"`
	TrackingLink string    `json:"tracking_link,omitempty"`
	Status       string    `json:"status"` // show or hide
	Comment      string    `json:"comment"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
	Views        int       `json:"views"`
	Edits        int       `json:"edits"` // how often it was updated
}

// ticket is the token that article/create and update answer: the article stands once Ready has come and someone asks.
type ticket struct {
	Token   string    `json:"token"`
	OA      string    `json:"oa"`
	Article Article   `json:"article"`
	Update  bool      `json:"update"`
	Ready   time.Time `json:"ready"`
	Done    bool      `json:"done"`
	Failure string    `json:"failure,omitempty"`
}

// Message is one line of a conversation between an OA and a person.
type Message struct {
	ID      string    `json:"message_id"`
	OA      string    `json:"oa"`
	User    string    `json:"user_id"`
	FromOA  bool      `json:"from_oa"`
	Type    string    `json:"type"` // text, photo, file, sticker, template, reaction
	Text    string    `json:"text,omitempty"`
	URL     string    `json:"url,omitempty"` // picture or file
	Name    string    `json:"name,omitempty"`
	Buttons []string  `json:"buttons,omitempty"`
	Quote   string    `json:"quote_message_id,omitempty"`
	At      time.Time `json:"at"`
	Via     string    `json:"via,omitempty"` // v2, v3, phone or web
	Key     int       `json:"seq"`
	// Conversation is set in anonymous chat, where User is the anonymous id.
	Conversation string `json:"conversation_id,omitempty"`
}

// Broadcast is one sending of articles to followers.
type Broadcast struct {
	ID       string    `json:"message_id"`
	OA       string    `json:"oa"`
	Articles []string  `json:"articles"`
	Target   string    `json:"target"` // as the client wrote it
	Reached  int       `json:"reached"`
	At       time.Time `json:"at"`
}

type upload struct {
	ID      string    `json:"id"`
	OA      string    `json:"oa"`
	Kind    string    `json:"kind"` // image, gif, file, video
	Name    string    `json:"name"`
	Mime    string    `json:"mime"`
	Size    int       `json:"size"`
	Data    []byte    `json:"data"`
	Created time.Time `json:"created"`
}

type authCode struct {
	Code      string    `json:"code"`
	OA        string    `json:"oa"`
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge,omitempty"`
	Expires   time.Time `json:"expires"`
}

// account is everything the platform keeps of one OA.
type account struct {
	OA
	tokens     Tokens
	followers  map[string]*Follower
	order      []string // user ids in order of arrival
	visitors   map[string]*Visitor
	fields     []*UserField // of its own
	articles   []*Article
	chats      map[string][]*Message
	broadcasts []*Broadcast
	replies    map[string]int // messages outside the free window by month
	templates  []*Template
	notices    []*Notice
	groups     []*Group
	assets     []*Asset
}

func newAccount(o OA) *account {
	return &account{OA: o, followers: map[string]*Follower{}, visitors: map[string]*Visitor{}, chats: map[string][]*Message{}, replies: map[string]int{}}
}

func (a *account) article(id string) *Article {
	for _, x := range a.articles {
		if x.ID == id {
			return x
		}
	}
	return nil
}

func (a *account) following() int {
	n := 0
	for _, f := range a.followers {
		if f.Follows {
			n++
		}
	}
	return n
}

func (a *account) messageCount() int {
	n := 0
	for chat := range maps.Values(a.chats) {
		n += len(chat)
	}
	return n
}

// tagNames lists the tags used by the OA's followers, sorted.
func (a *account) tagNames() []string {
	seen := map[string]bool{}
	for _, f := range a.followers {
		for _, t := range f.Tags {
			seen[t] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
