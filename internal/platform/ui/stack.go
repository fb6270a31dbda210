package ui

import (
	"bytes"
	"context"
	"html"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// rows draws the rows of a table. When they are laid out as cards, each cell behind the first is given the name of its column,
// unless it has named it itself; what stands in the cell is held together, so that it keeps to its side of the card.
func rows(t TableProps) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		children := templ.GetChildren(ctx)
		ctx = templ.ClearChildren(ctx)
		if !t.Stack {
			return children.Render(ctx, w)
		}
		var b bytes.Buffer
		if err := children.Render(ctx, &b); err != nil {
			return err
		}
		_, err := io.WriteString(w, nameCells(b.String(), t.Head))
		return err
	})
}

// nameCells puts data-th into the cells of rows, by their place in the row. Cells over several columns stay as they are: they
// head groups or stand alone.
func nameCells(rows string, head []Col) string {
	var out strings.Builder
	column := 0
	for {
		i := strings.IndexByte(rows, '<')
		if i < 0 {
			out.WriteString(rows)
			return out.String()
		}
		end := strings.IndexByte(rows[i:], '>')
		if end < 0 {
			out.WriteString(rows)
			return out.String()
		}
		tag := rows[i : i+end+1]
		out.WriteString(rows[:i])
		rows = rows[i+end+1:]
		switch name := tagName(tag); name {
		case "tr":
			column = 0
			out.WriteString(tag)
		case "td", "th":
			at := column
			column++
			body, after, found := strings.Cut(rows, "</"+name+">")
			plain := name == "th" || at == 0 || at >= len(head) || head[at].Text == "" || strings.Contains(tag, "data-th=") || strings.Contains(tag, "colspan=") || strings.TrimSpace(body) == ""
			if plain || !found {
				out.WriteString(tag)
				continue
			}
			out.WriteString(strings.TrimSuffix(tag, ">") + ` data-th="` + html.EscapeString(head[at].Text) + `"><div>` + body + "</div></td>")
			rows = after
		default:
			out.WriteString(tag)
		}
	}
}

// tagName is the name of an opening tag, "" of any other.
func tagName(tag string) string {
	return tag[1:min(len(tag)-1, 1+strings.IndexFunc(tag[1:], func(r rune) bool { return r == ' ' || r == '>' || r == '/' || r == '\n' }))]
}
