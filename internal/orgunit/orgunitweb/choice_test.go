package orgunitweb

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// Where several units bear one name, the reader chooses.
func TestChoicePage(t *testing.T) {
	ctx := golden.Words(t, ui.Catalogue, Catalogue)
	golden.HTML(t, ctx, "choice", choicePage("phuong-hoa-binh", []link{
		{Text: "Phường Hòa Bình, Tỉnh Phú Thọ", Href: "/don-vi/1"}, {Text: "Xã Hòa Bình, Tỉnh Lâm Đồng", Href: "/don-vi/2"}}))
}
