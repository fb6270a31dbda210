package ui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"
	"github.com/skip2/go-qrcode"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// QR draws a text, usually an address, as a QR code (medium error correction, quiet zone included). It is black on white in
// both themes because cameras need that.
func QR(text string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		code, err := qrcode.New(text, qrcode.Medium)
		if err != nil {
			return fmt.Errorf("ui: qr: %w", err)
		}
		bitmap := code.Bitmap()
		n := len(bitmap)
		_, err = fmt.Fprintf(w, `<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"></path><path fill="#000" d="%s"></path></svg>`,
			n, n, templ.EscapeString(i18n.T(ctx, "ui.qr", "Text", text)), n, n, qrPath(bitmap))
		return err
	})
}

// qrPath joins neighbouring dark squares of a row into one run.
func qrPath(bitmap [][]bool) string {
	var b strings.Builder
	for y, row := range bitmap {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			start := x
			for x < len(row) && row[x] {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
		}
	}
	return b.String()
}
