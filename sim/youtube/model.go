package youtube

import (
	"hash"
	"time"
)

// Channel is one YouTube channel and the knobs that decide how the API treats it.
type Channel struct {
	ID          string `json:"id"` // "UC" and 22 letters; made from Name when empty
	Name        string `json:"name"`
	Group       string `json:"group,omitempty"`  // for the wall: the province or district it is shown under
	Emblem      int    `json:"emblem,omitempty"` // its picture, see simkit.Emblem
	Subscribers int    `json:"subscribers,omitempty"`
	DailyLimit  int    `json:"daily_limit,omitempty"` // the channel's own films a day; beyond, 400 uploadLimitExceeded; 0: none
	NoThumbs    bool   `json:"no_thumbs,omitempty"`   // its telephone is not verified: thumbnails answer 403 forbidden
	Suspended   bool   `json:"suspended,omitempty"`   // 403 authenticatedUserAccountSuspended
	RejectNext  string `json:"reject_next,omitempty"` // the next film is rejected for this reason: duplicate, length, copyright …
}

type channel struct {
	Channel
	Grant string `json:"grant"` // the refresh token that works now; "" after a revocation
}

// Video is one film.
type Video struct {
	ID          string    `json:"id"`
	Channel     string    `json:"channel"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Tags        []string  `json:"tags,omitempty"`
	Category    string    `json:"category"`
	Language    string    `json:"language,omitempty"`
	Privacy     string    `json:"privacy"` // private, unlisted, public
	PublishAt   time.Time `json:"publish_at,omitzero"`
	Locked      bool      `json:"locked,omitempty"` // private for good: the project is not audited
	Kids        bool      `json:"kids,omitempty"`
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256"` // of the bytes as they came
	MIME        string    `json:"mime,omitempty"`
	Created     time.Time `json:"created"`
	Rejected    string    `json:"rejected,omitempty"`
	Edits       int       `json:"edits"`
	ByHand      bool      `json:"by_hand,omitempty"` // put up in the studio, not through the API
	Thumb       []byte    `json:"thumb,omitempty"`
	ThumbMIME   string    `json:"thumb_mime,omitempty"`
	Captions    []Caption `json:"captions,omitempty"`
	Gone        bool      `json:"gone,omitempty"`
}

// Caption is one track of spoken words.
type Caption struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	Name     string `json:"name"`
	Text     string `json:"text"`
}

// Comment stands under a film or, with Parent, under another comment.
type Comment struct {
	ID       string    `json:"id"` // a reply's begins with that of its parent and a dot
	Video    string    `json:"video"`
	Channel  string    `json:"channel"` // whose film it is
	Parent   string    `json:"parent,omitempty"`
	Author   string    `json:"author"` // channel id of the person
	Name     string    `json:"name"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
	Hidden   bool      `json:"hidden,omitempty"` // held for review or rejected
	Gone     bool      `json:"gone,omitempty"`
	FromHere bool      `json:"from_here,omitempty"` // the channel itself wrote it
}

type token struct {
	Value   string    `json:"value"`
	Channel string    `json:"channel"`
	Refresh bool      `json:"refresh,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Dead    bool      `json:"dead,omitempty"`
}

type code struct {
	channel, redirect, challenge string
	expires                      time.Time
}

// session is one resumable upload under way.
type session struct {
	id, channel string
	body        insertBody
	notify      bool
	total       int64 // -1: not told
	stored      int64
	sum         hash.Hash
	mime        string
	done        string // id of the film once it is complete
}

type topic struct {
	Channel  string    `json:"channel"`
	Callback string    `json:"callback"`
	Secret   string    `json:"secret"`
	Until    time.Time `json:"until"`
}

// insertBody is what a client says of a film.
type insertBody struct {
	ID      string `json:"id"`
	Snippet struct {
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Tags        []string `json:"tags"`
		CategoryID  string   `json:"categoryId"`
		Language    string   `json:"defaultLanguage"`
	} `json:"snippet"`
	Status struct {
		Privacy   string    `json:"privacyStatus"`
		PublishAt time.Time `json:"publishAt"`
		Kids      bool      `json:"selfDeclaredMadeForKids"`
	} `json:"status"`
}
