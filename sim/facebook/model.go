package facebook

import (
	"slices"
	"time"
)

// Page is a Facebook Page and the knobs that decide how the Graph API treats it.
type Page struct {
	ID         string   `json:"id"` // decimal text; made from Name when empty
	Name       string   `json:"name"`
	Category   string   `json:"category,omitempty"`   // default "Cơ quan chính phủ"
	Group      string   `json:"group,omitempty"`      // for the wall: the province or district it is shown under
	Emblem     int      `json:"emblem,omitempty"`     // its picture, see simkit.Emblem; simkit.NoEmblem for the grey figure
	Fans       int      `json:"fans,omitempty"`       // people who like it
	Subscribed []string `json:"subscribed,omitempty"` // webhook fields of the app, as subscribed_apps sets them
	CallBudget int      `json:"call_budget,omitempty"`
	// CallBudget is how many calls in 24 hours the Page's token may make (on the real platform 4,800 × engaged users);
	// 0: no limit; beyond, error 80001.
	Restricted bool     `json:"restricted,omitempty"` // messages answer 10/1893063
	Blocked    bool     `json:"blocked,omitempty"`    // publishing answers 368
	Denied     []string `json:"denied,omitempty"`     // permissions that were not granted, for example pages_messaging: error 200
	HumanAgent bool     `json:"human_agent,omitempty"`
	// HumanAgent tells whether the app passed the review for the HUMAN_AGENT tag.
	AccessToken string `json:"-"` // to start with; made at random when empty
}

// Person is a citizen as one Page knows them.
type Person struct {
	Key       string    `json:"key"` // any name that identifies the person in the rehearsal; made from Name when empty
	Name      string    `json:"name"`
	ID        string    `json:"id"`                   // page-scoped id (PSID); made from the Page and Key when empty
	LastWrote time.Time `json:"last_wrote,omitzero"`  // last message to the Page: opens the 24 hours
	Away      bool      `json:"away,omitempty"`       // messages answer 551/1545041
	ReadUntil time.Time `json:"read_until,omitempty"` // up to here the person has read
}

// Post is one entry on a Page's timeline.
type Post struct {
	ID        string    `json:"id"` // {page}_{number}
	Page      string    `json:"page"`
	Message   string    `json:"message"`
	Link      string    `json:"link,omitempty"`
	Photos    []string  `json:"photos,omitempty"` // ids
	Video     string    `json:"video,omitempty"`  // id of its film
	Reel      bool      `json:"reel,omitempty"`
	Published bool      `json:"published"`
	Scheduled time.Time `json:"scheduled,omitzero"` // when it will be published
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	Edits     int       `json:"edits"`
	Likes     int       `json:"likes"`
	Shares    int       `json:"shares"`
	PrintID   string    `json:"print,omitempty"` // what makes a duplicate
}

// Photo is a picture of a Page.
type Photo struct {
	ID        string    `json:"id"`
	Page      string    `json:"page"`
	URL       string    `json:"url"` // where it is shown
	Caption   string    `json:"caption,omitempty"`
	Post      string    `json:"post,omitempty"`
	Published bool      `json:"published"`
	Mime      string    `json:"mime,omitempty"`
	Data      []byte    `json:"data,omitempty"`
	Created   time.Time `json:"created"`
}

// Comment stands under a post or, with Parent, under another comment.
type Comment struct {
	ID       string    `json:"id"` // {number of the post}_{number}
	Post     string    `json:"post_id"`
	Parent   string    `json:"parent,omitempty"`
	FromID   string    `json:"from_id"` // page or person
	FromName string    `json:"from_name"`
	Message  string    `json:"message"`
	Image    string    `json:"image,omitempty"`
	Created  time.Time `json:"created"`
	Hidden   bool      `json:"hidden,omitempty"`
	Replied  bool      `json:"replied,omitempty"` // a private reply was sent
}

// Message is one line between a Page and a person.
type Message struct {
	ID       string    `json:"mid"`
	Page     string    `json:"page"`
	Person   string    `json:"psid"`
	FromPage bool      `json:"from_page"`
	Text     string    `json:"text,omitempty"`
	URL      string    `json:"url,omitempty"` // picture
	Tag      string    `json:"tag,omitempty"`
	At       time.Time `json:"at"`
	Key      int       `json:"seq"`
}

// Kinds of token.
const (
	kindUser = "USER"
	kindPage = "PAGE"
)

// token is one access token that was ever given out.
type token struct {
	Value   string    `json:"value"`
	Kind    string    `json:"kind"`
	User    string    `json:"user"`
	Page    string    `json:"page,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Short   bool      `json:"short,omitempty"`  // a user token of about an hour
	Dead    int       `json:"dead,omitempty"`   // subcode of error 190, for example 460
	Issued  time.Time `json:"issued"`
}

type oauthCode struct {
	Code     string    `json:"code"`
	User     string    `json:"user"`
	Redirect string    `json:"redirect"`
	Expires  time.Time `json:"expires"`
}

// account is everything the platform keeps of one Page.
type account struct {
	Page
	token    string
	people   map[string]*Person
	order    []string
	posts    []*Post
	comments []*Comment
	chats    map[string][]*Message
	calls    []time.Time // of the last 24 hours, only with a CallBudget
	hits     int         // requests with the Page's token
}

func newAccount(p Page) *account {
	return &account{Page: p, people: map[string]*Person{}, chats: map[string][]*Message{}}
}

func (a *account) post(id string) *Post {
	for _, p := range a.posts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (a *account) commentsOf(post string) int {
	n := 0
	for _, c := range a.comments {
		if c.Post == post {
			n++
		}
	}
	return n
}

func (a *account) messageCount() int {
	n := 0
	for _, chat := range a.chats {
		n += len(chat)
	}
	return n
}

func (a *account) subscribed(field string) bool { return slices.Contains(a.Subscribed, field) }

// visible tells whether a post is on the timeline now.
func (p *Post) visible(now time.Time) bool {
	return p.Published || (!p.Scheduled.IsZero() && !now.Before(p.Scheduled))
}
