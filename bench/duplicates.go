package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// duplicateLimit is what the suggestion of questions that say the same may take, at the 95th percentile.
const duplicateLimit = 50 * time.Millisecond

// duplicates measures how long it takes to offer what was asked already to somebody who is typing, among a million
// questions; a tenth with -short.
func (b *bench) duplicates(ctx context.Context) error {
	n := manyCases
	if b.short {
		n /= 10
	}
	return b.engines(func(engine db.Engine, url string) error { return b.duplicatesOn(ctx, engine, url, n) })
}

func (b *bench) duplicatesOn(ctx context.Context, engine db.Engine, url string, n int) (err error) {
	r, err := b.house(ctx, "duplicates-"+string(engine), rig.Setup{Units: 5, Database: url})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	s := house.Rooms().Answers.Similar
	rnd := rand.New(rand.NewPCG(7, 11))
	began := time.Now()
	texts := make([]string, 0, 500)
	for done := 0; done < n; {
		list := make([]similar.Entry, min(250_000, n-done))
		for i := range list {
			list[i] = similar.Entry{CaseID: id.New(), UnitID: r.Units[i%len(r.Units)].ID, Summary: inventedQuestion(rnd), At: time.Now()}
			if len(texts) < cap(texts) && rnd.IntN(n/500+1) == 0 {
				texts = append(texts, list[i].Summary)
			}
		}
		if err := s.Bulk(ctx, identity.System("bench"), list); err != nil {
			return err
		}
		done += len(list)
	}
	b.line("%-8s %d questions were taken in in %s", engine, n, short(time.Since(began)))
	var took []time.Duration
	found := 0
	for end := time.Now().Add(b.window); time.Now().Before(end); {
		text := texts[rnd.IntN(len(texts))]
		words := strings.Fields(text)
		text = strings.Join(words[:len(words)*2/3], " ") // somebody is still typing
		at := time.Now()
		got, err := s.Suggest(ctx, text, similar.Near{UnitID: r.Units[0].ID}, 4)
		if err != nil {
			return err
		}
		took = append(took, time.Since(at))
		if len(got) > 0 {
			found++
		}
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	b.line("%-8s what says the same, of %d questions: p50 %s, p95 %s (limit %s); %d of %d texts found something", engine, n, short(took[len(took)/2]), short(p95), short(duplicateLimit), found, len(took))
	if p95 > duplicateLimit {
		return fmt.Errorf("duplicates on %s: p95 %s, limit %s", engine, p95, duplicateLimit)
	}
	return nil
}

// inventedQuestion puts a question together from parts that people write, with a little that is its own.
func inventedQuestion(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	return fmt.Sprintf("%s %s %s xóm %d %s, %s %d %s nay %s. %s %s tổ %d.",
		pick("Đề nghị", "Kính mong", "Xin hỏi về", "Phản ánh việc", "Cho tôi hỏi"), pick("cống thoát nước", "đèn đường", "bãi rác", "mặt đường", "cầu tràn", "loa truyền thanh", "nước sạch", "chế độ người có công", "nhà văn hóa", "mương nội đồng", "cột điện", "chợ tạm"),
		pick("bị hỏng", "bị tắc", "xuống cấp", "chưa làm", "bốc mùi", "ngập sâu", "mất nước", "chưa trả tiền"), 1+r.IntN(40), pick("gần trường học", "đầu ngõ", "sau chợ", "cạnh nhà văn hóa", "ngã ba", "ven sông", "chân đê"),
		pick("đã", "suốt", "hơn"), 1+r.IntN(30), pick("ngày", "tuần", "tháng"), pick("mà không ai xử lý", "rất nguy hiểm cho các cháu", "ảnh hưởng đi lại", "gây mất vệ sinh", "bà con bức xúc"),
		pick("Mong sớm", "Đề nghị", "Xin"), pick("cho người kiểm tra", "sửa chữa dứt điểm", "trả lời rõ", "cắm biển báo", "thông báo ngày xong"), r.IntN(100_000))
}
