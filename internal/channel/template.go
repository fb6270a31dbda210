package channel

import (
	"context"
	"time"
)

// Template is a message text that the platform has approved, with places to fill in.
type Template struct {
	ID, Name string
	Status   string // the platform's word: "ENABLE", "PENDING_REVIEW", "REJECT", "DISABLE"
	Reason   string // why it was rejected
	Tag      string // the platform's class: "TRANSACTION", "CUSTOMER_CARE", "PROMOTION", "OTP"
	Quality  string // "HIGH", "MEDIUM", "LOW", "UNDEFINED"
	Price    int64  // đồng for one message by telephone number
	PriceUID int64  // đồng for one message by person
	Preview  string // address of a picture of it
	Params   []TemplateParam
}

// Usable tells whether messages can be made from it now.
func (t Template) Usable() bool { return t.Status == "ENABLE" }

// TemplateParam is one place to fill in.
type TemplateParam struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Type     string `json:"type"` // the platform's word: "STRING", "NUMBER", "DATE" …
	Min      int    `json:"min"`  // characters
	Max      int    `json:"max"`
}

// Notice is one message from a template to a telephone number or to a person of the account; exactly one is set.
type Notice struct {
	Phone    string // "0912…" or "84912…"
	PersonID string
	Template string // the platform's id
	Params   map[string]string
	Key      string // our tracking id, at most 48 characters; comes back with the receipt
}

// NoticeReceipt is what the platform said of a notice.
type NoticeReceipt struct {
	ExternalID string
	SentAt     time.Time
	Left       int64 // how many more it takes from the account today; -1: not told
	Price      int64 // đồng; 0: not told
}

// NoticeQuota is how many notices an account may send today.
type NoticeQuota struct{ Daily, Left int64 }

// Notifier is implemented by channels that send approved templates to people who never wrote.
type Notifier interface {
	Templates(ctx context.Context, a Account) ([]Template, error)
	Notify(ctx context.Context, a Account, n Notice) (NoticeReceipt, error)
	// NoticeArrived tells whether a notice reached the telephone, and when.
	NoticeArrived(ctx context.Context, a Account, n Notice, r NoticeReceipt) (at time.Time, arrived bool, err error)
	NoticeQuota(ctx context.Context, a Account) (NoticeQuota, error)
	// NoticeFrom is the first moment not before at when notices of this class are taken.
	NoticeFrom(t Template, at time.Time) time.Time
}

// NoticeArrived is published when a platform told that a notice reached the telephone.
type NoticeArrived struct {
	AccountID  string    `json:"account"`
	Key        string    `json:"key"`
	ExternalID string    `json:"external"`
	At         time.Time `json:"at"`
}

// Kind implements jobs.Event.
func (NoticeArrived) Kind() string { return "channel.notice_arrived" }

// Tagged is published when a tag was put on people at the platform or taken off. Without people the tag itself is gone.
type Tagged struct {
	AccountID string   `json:"account"`
	Tag       string   `json:"tag"`
	People    []string `json:"people"`
	On        bool     `json:"on"`
}

// Kind implements jobs.Event.
func (Tagged) Kind() string { return "channel.tagged" }

// Stirred is published when a platform told that something of an account is not as it was: groups or templates.
type Stirred struct {
	AccountID string `json:"account"`
	What      Stir   `json:"what"`
}

// Kind implements jobs.Event.
func (Stirred) Kind() string { return "channel.stirred" }

// Stir names what changed.
type Stir string

// The things that change.
const (
	StirGroups    Stir = "groups"
	StirTemplates Stir = "templates"
)

// Connected is published when an account was granted, for the first time or anew.
type Connected struct {
	AccountID string `json:"account"`
	By        string `json:"by"`      // official who granted it
	ByName    string `json:"by_name"` // their name
}

// Kind implements jobs.Event.
func (Connected) Kind() string { return "channel.connected" }
