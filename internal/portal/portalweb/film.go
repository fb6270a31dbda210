package portalweb

import (
	"encoding/xml"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// filmPath is the address of a film or its still on this very site, whatever name the site is reached by.
func filmPath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Path
}

// rssEnclosure is the film of an item, for readers of feeds that play it.
type rssEnclosure struct {
	XMLName xml.Name `xml:"enclosure"`
	URL     string   `xml:"url,attr"`
	Length  string   `xml:"length,attr"`
	Type    string   `xml:"type,attr"`
}

// enclosure is the film as RSS 2.0 wants it; nil without one.
func enclosure(v *channel.Video) *rssEnclosure {
	if v == nil {
		return nil
	}
	return &rssEnclosure{URL: v.URL, Length: strconv.FormatInt(v.Bytes, 10), Type: v.MIME}
}
