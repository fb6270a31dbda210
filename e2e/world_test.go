package e2e

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// account is an Official Account or a page as the outside world's control API shows it.
type account struct {
	ID, Name, Group string
	Followers       int
	Articles, Posts int
	Latest          string
	LatestID        string `json:"latest_id"`
}

// figures is what the outside world counts over all accounts of one platform.
type figures struct {
	Articles, Posts, Duplicates int
	Requests                    struct {
		Refused      int
		MaxPerMinute int `json:"max_per_minute"`
	}
}

// chat is one message between a citizen and an Official Account.
type chat struct {
	User   string `json:"user_id"`
	FromOA bool   `json:"from_oa"`
	Text   string
}

// control asks the outside world that all tests share something; a body makes it an order.
func control(t *testing.T, path string, body, out any) {
	t.Helper()
	province{outside: outside}.control(t, path, body, out)
}

// control asks the outside world of one province.
func (p province) control(t *testing.T, path string, body, out any) {
	t.Helper()
	var r *http.Response
	var err error
	if body == nil {
		r, err = http.Get(p.outside + "/control" + path)
	} else {
		b, _ := json.Marshal(body)
		r, err = http.Post(p.outside+"/control"+path, "application/json", bytes.NewReader(b))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v: %s", path, r.Status, err, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s: %v: %s", path, err, b)
		}
	}
}

func accounts(t *testing.T, path string) []account {
	t.Helper()
	var list []account
	control(t, path, nil, &list)
	return list
}

func stats(t *testing.T) (zalo, facebook figures) {
	t.Helper()
	var all struct{ Zalo, Facebook figures }
	control(t, "/stats", nil, &all)
	return all.Zalo, all.Facebook
}

// commune finds the Official Account of a commune whose name no other unit bears.
func commune(t *testing.T, skip int) account {
	t.Helper()
	browserCtx(t) // not in short runs
	list := accounts(t, "/zalo/oas")
	times := map[string]int{}
	for _, a := range list {
		times[a.Name]++
	}
	for _, a := range list {
		if strings.HasPrefix(a.Name, "MTTQ Xã ") && strings.HasPrefix(a.Group, "Huyện ") && times[a.Name] == 1 && a.Followers > 1 {
			if skip == 0 {
				return a
			}
			skip--
		}
	}
	t.Fatal("there is no commune with a name of its own")
	return account{}
}

// photo draws a picture as a phone would send it: the village road after the rain.
func photo(t *testing.T) string {
	t.Helper()
	const w, h = 1600, 1000
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/w, float64(y)/h
			c := color.RGBA{uint8(150 + 80*fy), uint8(190 + 30*fy), 225, 255}
			hill := 0.42 - 0.07*math.Sin(fx*6) - 0.03*math.Sin(fx*17)
			switch road := math.Abs(fx-0.5) - 0.06 - 0.5*(fy-0.5); {
			case fy > 0.5 && road < 0 && math.Hypot((fx-0.55)*2.4, (fy-0.8)*5) < 0.5:
				c = color.RGBA{120, 146, 160, 255}
			case fy > 0.5 && road < 0:
				c = color.RGBA{uint8(146 - 40*fy), uint8(128 - 36*fy), 104, 255}
			case fy > 0.5:
				c = color.RGBA{uint8(96 + 20*math.Sin(fx*90)), uint8(140 - 30*fy), 70, 255}
			case fy > hill:
				c = color.RGBA{70, uint8(120 - 60*(fy-hill)), 88, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), "duong-xom.jpg")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return path
}
