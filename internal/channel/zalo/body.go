package zalo

import (
	"bytes"
	"html"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// block is one part of an article's body.
type block struct {
	Type    string `json:"type"`
	Content string `json:"content,omitempty"`
	URL     string `json:"url,omitempty"`
	Caption string `json:"caption,omitempty"`
	VideoID string `json:"video_id,omitempty"`
	Thumb   string `json:"thumb,omitempty"`
}

// body turns the sanitised HTML of a content into Zalo's blocks: runs of text with simple marks, and pictures on their
// own. The gallery follows, then a line that leads to the article on the portal.
func (z *Adapter) body(c channel.Content) []block {
	b := &blocks{z: z}
	if strings.TrimSpace(c.HTML) != "" {
		context := &xhtml.Node{Type: xhtml.ElementNode, Data: "body", DataAtom: atom.Body}
		nodes, err := xhtml.ParseFragment(strings.NewReader(c.HTML), context)
		if err == nil {
			for _, n := range nodes {
				b.walk(n)
			}
		}
	}
	b.flush()
	if len(b.out) == 0 {
		b.paragraphs(c.Text)
	}
	for _, p := range c.Gallery {
		b.picture(p.URL, p.Alt)
	}
	if c.Link != "" && len(b.out) > 0 {
		b.out = append(b.out, block{Type: "text", Content: `<p><a href="` + html.EscapeString(c.Link) + `">` + html.EscapeString(c.Link) + `</a></p>`})
	}
	return b.out
}

type blocks struct {
	z   *Adapter
	buf bytes.Buffer
	out []block
}

// paragraphs writes plain text, an empty line between paragraphs.
func (b *blocks) paragraphs(s string) {
	for _, p := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.buf.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>")
		}
	}
	b.flush()
}

func (b *blocks) flush() {
	s := strings.TrimSpace(b.buf.String())
	b.buf.Reset()
	if plain(s) != "" {
		b.out = append(b.out, block{Type: "text", Content: s})
	}
}

// plain tells the words of a piece of HTML without its marks.
func plain(s string) string {
	var out strings.Builder
	z := xhtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return strings.TrimSpace(out.String())
		case xhtml.TextToken:
			out.Write(z.Text())
		}
	}
}

func (b *blocks) picture(address, caption string) {
	if address = b.z.public(address); address == "" {
		return
	}
	b.flush()
	b.out = append(b.out, block{Type: "image", URL: address, Caption: caption})
}

// kept are the marks that Zalo's articles show, and what each becomes.
var kept = map[atom.Atom]string{atom.P: "p", atom.H1: "h3", atom.H2: "h3", atom.H3: "h3", atom.H4: "h3", atom.B: "b", atom.Strong: "b", atom.I: "i", atom.Em: "i",
	atom.U: "u", atom.Ul: "ul", atom.Ol: "ol", atom.Li: "li", atom.Blockquote: "blockquote"}

func (b *blocks) walk(n *xhtml.Node) {
	switch {
	case n.Type == xhtml.TextNode:
		b.buf.WriteString(html.EscapeString(n.Data))
		return
	case n.Type != xhtml.ElementNode:
		return
	case n.DataAtom == atom.Img:
		b.picture(attr(n, "src"), attr(n, "alt"))
		return
	case n.DataAtom == atom.Br:
		b.buf.WriteString("<br>")
		return
	case n.DataAtom == atom.Script || n.DataAtom == atom.Style:
		return
	case n.DataAtom == atom.A && attr(n, "href") != "":
		b.wrap(n, `a href="`+html.EscapeString(attr(n, "href"))+`"`, "a")
		return
	}
	if hasPicture(n) { // a figure or a paragraph around a picture: its parts one after the other
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			b.walk(c)
		}
		return
	}
	if tag := kept[n.DataAtom]; tag != "" {
		b.wrap(n, tag, tag)
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.walk(c)
	}
}

func (b *blocks) wrap(n *xhtml.Node, open, end string) {
	b.buf.WriteString("<" + open + ">")
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.walk(c)
	}
	b.buf.WriteString("</" + end + ">")
}

func hasPicture(n *xhtml.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Img {
			return true
		}
	}
	return false
}

func attr(n *xhtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
