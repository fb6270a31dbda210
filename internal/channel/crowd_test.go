package channel_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// TestCrowdOfWebhooks: what three accounts hear from many people at the same moment, each event twice, stands once; who says
// late that they follow is not overruled by a message that was written after it.
func TestCrowdOfWebhooks(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		const people, said = 7, 6
		at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
		var accounts []channel.Account
		for n := range 3 {
			accounts = append(accounts, h.Account(t, channel.Zalo, []string{orgunittest.VinhHung, orgunittest.TruongVinh, orgunittest.KimLien}[n], fmt.Sprint("900", n)))
		}
		var wg sync.WaitGroup
		take := func(head map[string][]string, body []byte) {
			wg.Go(func() {
				for range 2 {
					if err := h.Service.Intake(t.Context(), channel.Zalo, head, body); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for n := range accounts {
			oa := fmt.Sprint("900", n)
			for p := range people {
				person := fmt.Sprint("u", p)
				for i := range said {
					take(f.Incoming(oa, channel.Message{ExternalID: fmt.Sprintf("%s-%d-%d", oa, p, i), PersonID: person, PersonName: "Người " + person, Text: fmt.Sprint("tin ", i), At: at.Add(time.Duration(i) * time.Minute)}))
				}
			}
		}
		wg.Wait()
		h.Idle(t)
		for n := range accounts {
			for p := range people {
				take(f.Happening(fmt.Sprint("900", n), channel.InboundFollow, fmt.Sprint("u", p), at.Add(time.Second)))
			}
		}
		wg.Wait()
		h.Idle(t)
		for _, a := range accounts {
			for p := range people {
				thread, err := h.Service.Thread(t.Context(), a.ID, fmt.Sprint("u", p), 100)
				if err != nil || len(thread) != said || thread[0].Text != "tin 0" || thread[said-1].Text != "tin 5" {
					t.Fatalf("thread of u%d: %d messages, %v", p, len(thread), err)
				}
				if who, err := h.Service.Person(t.Context(), a.ID, fmt.Sprint("u", p)); err != nil || !who.Follows || !who.LastAt.Equal(at.Add(5*time.Minute)) {
					t.Errorf("u%d: %+v %v", p, who, err)
				}
			}
		}
	})
}
