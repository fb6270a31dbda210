package publish

import (
	"html"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// bodyPolicy is the list of marks a body may have; everything else is taken out, its text kept.
var bodyPolicy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "h2", "h3", "strong", "b", "em", "i", "u", "s", "ul", "li", "blockquote", "hr",
		"table", "thead", "tbody", "tr", "caption")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowElements("ol")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowElements("td", "th")
	p.AllowAttrs("href").Matching(regexp.MustCompile(`(?i)^(https?://|mailto:|tel:)`)).OnElements("a")
	p.AllowAttrs("src").Matching(ownPicture).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true) // of pictures; links are held to the pattern above
	p.RequireNoFollowOnLinks(false)
	return p
})

// ownPicture is the address of a picture of ours: no page loads pictures from elsewhere.
var ownPicture = regexp.MustCompile(`^/anh/[0-9a-f-]{36}/[0-9]+\.webp$`)

var imgTag = regexp.MustCompile(`<img\b[^>]*>`)

var blockTag = regexp.MustCompile(`(?i)<(p|h[1-6]|ul|ol|blockquote|table|div)(\s[^>]*)?>`)

// CleanBody makes the stored HTML of what was typed into the body: HTML from the editor is cut down to the allowed marks;
// text without block marks becomes paragraphs, parted by empty lines. Cleaning twice changes nothing.
func CleanBody(typed string) string {
	typed = strings.ReplaceAll(strings.ToValidUTF8(strings.ReplaceAll(typed, "\x00", ""), ""), "\r\n", "\n")
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	if !blockTag.MatchString(typed) {
		typed = paragraphs(typed)
	}
	out := typed
	for range 3 { // taking a mark out can bring another one together: until nothing changes
		next := strings.TrimSpace(imgTag.ReplaceAllStringFunc(bodyPolicy().Sanitize(vntext.NFC(out)), func(tag string) string {
			if strings.Contains(tag, ` src="`) {
				return tag
			}
			return ""
		}))
		if next != "" && !blockTag.MatchString(next) { // only inline marks are left: stored bodies always have a paragraph
			next = "<p>" + next + "</p>"
		}
		if next == out {
			break
		}
		out = next
	}
	if strings.TrimSpace(BodyText(out)) == "" && !strings.Contains(out, "<img") {
		return ""
	}
	return out
}

func paragraphs(text string) string {
	var b strings.Builder
	for _, p := range regexp.MustCompile(`\n\s*\n`).Split(text, -1) {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>\n")
		}
	}
	return b.String()
}

// BodyText is the body without marks: paragraphs parted by an empty line, list items with a dash, links with their address.
func BodyText(body string) string {
	var b strings.Builder
	href := ""
	z := nethtml.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return tidyText(b.String())
		case nethtml.TextToken:
			b.WriteString(strings.ReplaceAll(string(z.Text()), "\n", " "))
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			name, more := z.TagName()
			switch string(name) {
			case "li":
				b.WriteString("\n– ")
			case "br", "tr":
				b.WriteString("\n")
			case "p", "h2", "h3", "blockquote", "ul", "ol", "table", "hr":
				b.WriteString("\n\n")
			case "td", "th":
				b.WriteString(" ")
			case "a":
				href = attr(z, more, "href")
			}
		case nethtml.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "p", "h2", "h3", "blockquote", "ul", "ol", "table":
				b.WriteString("\n\n")
			case "a":
				if href != "" && !strings.HasSuffix(b.String(), href) {
					b.WriteString(" (" + href + ")")
				}
				href = ""
			}
		}
	}
}

func attr(z *nethtml.Tokenizer, more bool, want string) string {
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if string(k) == want {
			return string(v)
		}
	}
	return ""
}

var (
	manyBreaks = regexp.MustCompile(`\n{3,}`)
	lineEnds   = regexp.MustCompile(`[ \t\x{00a0}]*\n[ \t\x{00a0}]*`)
	itemBreaks = regexp.MustCompile(`\n–\s+`)
)

func tidyText(s string) string {
	s = lineEnds.ReplaceAllString(s, "\n")
	s = itemBreaks.ReplaceAllString(s, "\n– ")
	return strings.TrimSpace(manyBreaks.ReplaceAllString(s, "\n\n"))
}

var plainMarks = regexp.MustCompile(`^(<p>[^<]*(<br/?>[^<]*)*</p>\s*)*$`)

// EditorValue is what the body's text box shows: plain paragraphs as plain text, anything richer as its HTML.
func EditorValue(body string) string {
	if plainMarks.MatchString(body) {
		return BodyText(body)
	}
	return body
}

// oneLine tidies a title: NFC, white space single.
func oneLine(s string) string {
	return strings.Join(strings.Fields(vntext.NFC(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))), " ")
}

// manyLines tidies a plain text of several lines.
func manyLines(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""), "\r\n", "\n")
	return strings.TrimSpace(vntext.NFC(s))
}
