package video

import (
	"path"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// extension is how the name of a file of this kind ends.
func extension(mime string) string {
	switch mime {
	case "video/quicktime":
		return ".mov"
	case "video/webm":
		return ".webm"
	}
	return ".mp4"
}

// kindOf looks at the first bytes; ok is false for what is not taken.
func kindOf(head []byte) (mime string, ok bool) {
	m := mimetype.Detect(head)
	for _, k := range []string{"video/mp4", "video/quicktime", "video/webm"} {
		if m.Is(k) {
			return k, true
		}
	}
	return m.String(), false
}

// cleanName keeps the last part of a file's name.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/"))
	if name == "." || name == "/" || !utf8.ValidString(name) {
		name = "phim"
	}
	return vntext.Truncate(vntext.NFC(name), maxName)
}

// cleanCaptions takes SubRip or WebVTT: text with lines of times.
func cleanCaptions(text string) (string, error) {
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\uFEFF")
	switch {
	case strings.TrimSpace(text) == "":
		return "", nil
	case len(text) > MaxCaptions:
		return "", fault.Field("captions", "video.captions_too_long").With("Limit", MaxCaptions>>20)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0) || !strings.Contains(text, " --> "):
		return "", fault.Field("captions", "video.captions_wrong")
	}
	return text, nil
}
