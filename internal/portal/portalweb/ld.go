package portalweb

import (
	"context"
	"encoding/json"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/portal"
)

// What search engines read: schema.org data in a block that browsers do not run.

type ldThing struct {
	Context     string `json:"@context,omitempty"`
	Type        string `json:"@type"`
	Name        string `json:"name,omitempty"`
	URL         string `json:"url,omitempty"`
	Telephone   string `json:"telephone,omitempty"`
	Email       string `json:"email,omitempty"`
	Address     string `json:"address,omitempty"`
	Text        string `json:"text,omitempty"`
	DateCreated string `json:"dateCreated,omitempty"`
}

type ldArticle struct {
	Context     string         `json:"@context"`
	Type        string         `json:"@type"`
	Headline    string         `json:"headline"`
	Description string         `json:"description,omitempty"`
	Language    string         `json:"inLanguage"`
	Published   string         `json:"datePublished"`
	Modified    string         `json:"dateModified"`
	Page        string         `json:"mainEntityOfPage"`
	Images      []string       `json:"image,omitempty"`
	Author      ldThing        `json:"author"`
	Publisher   ldThing        `json:"publisher"`
	Corrections []ldCorrection `json:"correction,omitempty"`
}

// ldCorrection is a CorrectionComment.
type ldCorrection struct {
	Type string `json:"@type"`
	Text string `json:"text"`
	Date string `json:"datePublished"`
}

type ldQuestion struct {
	Type     string  `json:"@type"`
	Name     string  `json:"name"`
	Text     string  `json:"text"`
	Created  string  `json:"dateCreated"`
	Answers  int     `json:"answerCount"`
	Accepted ldReply `json:"acceptedAnswer"`
}

type ldReply struct {
	Type    string  `json:"@type"`
	Text    string  `json:"text"`
	Created string  `json:"dateCreated"`
	URL     string  `json:"url"`
	Author  ldThing `json:"author"`
}

type ldPage struct {
	Context string       `json:"@context"`
	Type    string       `json:"@type"`
	Main    []ldQuestion `json:"mainEntity"`
}

const schema = "https://schema.org"

func organisation(ctx context.Context, s *Pages, h portal.HomePage) ldThing {
	return ldThing{Context: schema, Type: "GovernmentOrganization", Name: brandName(ctx, h.Unit), URL: s.p.Links.Unit(h.Unit),
		Telephone: h.Contact.Hotline, Email: h.Contact.Email, Address: h.Contact.Address}
}

func newsArticle(ctx context.Context, s *Pages, v articleView) ldArticle {
	a := ldArticle{Context: schema, Type: "NewsArticle", Headline: v.Title, Description: v.Lead, Language: "vi",
		Published: iso(v.PublishedAt), Modified: iso(v.UpdatedAt), Page: v.meta.address(),
		Author:    ldThing{Type: "GovernmentOrganization", Name: brandName(ctx, v.Author), URL: s.p.Links.Unit(v.Author)},
		Publisher: ldThing{Type: "GovernmentOrganization", Name: brandName(ctx, v.Unit), URL: s.p.Links.Unit(v.Unit)}}
	for _, p := range v.Pictures {
		a.Images = append(a.Images, s.p.Links.Absolute(p.URL(p.Width)))
	}
	for _, e := range v.Errata {
		a.Corrections = append(a.Corrections, ldCorrection{Type: "CorrectionComment", Text: e.Text, Date: iso(e.At)})
	}
	return a
}

// questions is nil for an empty list: search engines take a page without questions for a mistake.
func questions(s *Pages, list []feedback.Published) any {
	if len(list) == 0 {
		return nil
	}
	p := ldPage{Context: schema, Type: "FAQPage"}
	for _, q := range list {
		by := ldThing{Type: "GovernmentOrganization"}
		if u, err := s.p.Tree().Unit(q.UnitID, s.p.Today()); err == nil {
			by.Name = u.FullName
		}
		p.Main = append(p.Main, ldQuestion{Type: "Question", Name: q.Title, Text: q.Question, Created: string(q.AskedOn), Answers: 1,
			Accepted: ldReply{Type: "Answer", Text: q.Answer, Created: iso(q.AnsweredAt), URL: s.p.Links.Absolute(portal.AnswerPath + "/" + q.ID), Author: by}})
	}
	return p
}

// dataBlock is a data block of the page. json.Marshal writes <, > and & as escapes, so nothing in it can end the block.
func dataBlock(v any) (string, error) {
	b, err := json.Marshal(v)
	return `<script type="application/ld+json">` + string(b) + `</script>`, err
}
