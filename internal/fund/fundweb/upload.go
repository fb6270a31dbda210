package fundweb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func (p *Pages) statementRoutes(r *web.Routes) {
	r.Can("GET "+onePath+"/sao-ke", fund.ActionRead, p.statements)
	r.Can("POST "+onePath+"/sao-ke", fund.ActionImport, p.upload)
	r.Can("GET "+onePath+"/sao-ke/{id}", fund.ActionRead, p.statement)
	r.Can("POST "+onePath+"/sao-ke/{id}", fund.ActionImport, p.decide)
	r.Can("GET "+onePath+"/sao-ke/{id}/cot", fund.ActionImport, p.mapping)
	r.Can("POST "+onePath+"/sao-ke/{id}/cot", fund.ActionImport, p.setMapping)
	r.Can("GET "+onePath+"/doi-chieu", fund.ActionRead, p.check)
	r.Can("POST "+onePath+"/doi-chieu", fund.ActionRead, p.wantCheck)
	r.Can("GET "+onePath+"/bao-cao", fund.ActionRead, p.report)
}

// statementsView is the list of files with the form that takes another.
type statementsView struct {
	frame
	List     []fund.Upload
	Accounts []ui.Option
	Layouts  []ui.Option
	Typed    url.Values
	Err      error
}

func (p *Pages) showStatements(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	ctx := r.Context()
	f, err := p.frame(r, "sao-ke")
	if err != nil {
		return err
	}
	v := statementsView{frame: f, Typed: typed, Err: refusal}
	if v.List, err = p.Service.Uploads(ctx, identity.ActorFrom(ctx), f.Code); err != nil {
		return err
	}
	for _, a := range f.Accounts {
		v.Accounts = append(v.Accounts, ui.Option{Value: a.ID, Text: a.Bank.Name + " " + a.Number, Selected: a.ID == typed.Get("account")})
	}
	for _, l := range append(statement.Layouts[:], statement.Mapped) {
		v.Layouts = append(v.Layouts, ui.Option{Value: string(l), Text: i18n.T(ctx, "fund.layout."+string(l)), Selected: string(l) == typed.Get("layout")})
	}
	return web.Render(w, r, status(refusal), statementsPage(v))
}

func (p *Pages) statements(w http.ResponseWriter, r *http.Request) error {
	return p.showStatements(w, r, nil, nil)
}

// upload streams a statement to disk; its size is bounded, its memory is not touched. The file is the last part of the form.
func (p *Pages) upload(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	if _, err := p.Service.MayUpload(ctx, actor, r.PathValue("code")); err != nil {
		return err
	}
	web.LargeBody(w, r, fund.MaxUpload+1<<20)
	form, file, name, err := p.receive(r)
	if file != nil {
		defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }()
	}
	if err != nil {
		return p.showStatements(w, r, form, err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := fund.NewUpload{Appeal: r.PathValue("code"), Account: form.Get("account"), Layout: statement.Layout(form.Get("layout")), File: name, Size: size}
	if in.Sum, err = amountOf(form.Get("sum")); err == nil {
		in.Rows, err = rowsOf(form.Get("rows"))
	}
	var u fund.Upload
	if err == nil {
		u, err = p.Service.Upload(ctx, actor, in, file)
	}
	if refused(err) {
		return p.showStatements(w, r, form, err)
	}
	if err != nil {
		return err
	}
	to := AppealPath(r.PathValue("code")) + "/sao-ke/" + u.ID
	if u.State == fund.UploadMapping {
		to += "/cot"
	}
	return web.SeeOther(w, r, to)
}

func rowsOf(s string) (int, error) {
	s = strings.NewReplacer(".", "", ",", "", " ", "").Replace(s)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fault.Field("rows", "fund.upload.rows").Because(err)
	}
	return n, nil
}

// receive reads the parts of the form: small fields first, then the file, which goes to disk.
func (p *Pages) receive(r *http.Request) (form url.Values, file *os.File, name string, err error) {
	form = url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return form, nil, "", fault.Field("file", "fund.upload.no_file").Because(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form, file, name, tooLarge(err)
		}
		if part.FormName() != "file" {
			b, err := io.ReadAll(io.LimitReader(part, 1000))
			if err != nil {
				return form, file, name, tooLarge(err)
			}
			form.Set(part.FormName(), string(b))
			continue
		}
		if file != nil {
			return form, file, name, fault.Field("file", "fund.upload.no_file")
		}
		if name = part.FileName(); name == "" {
			continue
		}
		if file, err = p.spool(part); err != nil {
			return form, file, name, tooLarge(err)
		}
	}
	if file == nil {
		return form, nil, "", fault.Field("file", "fund.upload.no_file")
	}
	return form, file, name, nil
}

func (p *Pages) spool(part *multipart.Part) (*os.File, error) {
	f, err := os.CreateTemp(p.Spool, "statement-*")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, part); err != nil {
		return f, fmt.Errorf("fundweb: the statement was cut off: %w", err)
	}
	return f, nil
}

func tooLarge(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return fault.Field("file", "fund.upload.size").With("Limit", fund.MaxUpload>>20)
	}
	return fault.Field("file", "fund.upload.cut").Because(err)
}

// statementView is one file on its way into the books.
type statementView struct {
	frame
	fund.Upload
	Account string
	Err     error
}

func (p *Pages) one(r *http.Request) (statementView, error) {
	f, err := p.frame(r, "sao-ke")
	if err != nil {
		return statementView{}, err
	}
	u, a, err := p.Service.UploadByID(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return statementView{}, err
	}
	if a.ID != f.Appeal.ID {
		return statementView{}, fault.New(fault.NotFound, "fund.upload.none")
	}
	v := statementView{frame: f, Upload: u}
	for _, x := range f.Accounts {
		if x.ID == u.Account {
			v.Account = x.Bank.Name + " " + x.Number
		}
	}
	return v, nil
}

// path is an address below this file.
func (v statementView) here(part string) string { return v.path("sao-ke/" + v.Upload.ID + part) }

// seconds is how often the page looks again; 0 when there is nothing to wait for.
func (v statementView) seconds() int {
	if v.Moving() {
		return 2
	}
	return 0
}

// step is where a file stands among the four steps that the page shows.
func (v statementView) step() int {
	switch v.State {
	case fund.UploadMapping:
		return 0
	case fund.UploadReady:
		return 2
	case fund.UploadPosting:
		return 3
	case fund.UploadPosted, fund.UploadKnown:
		return 4
	}
	return 1
}

func uploadTone(s fund.UploadState) string {
	switch s {
	case fund.UploadPosted, fund.UploadKnown:
		return "ok"
	case fund.UploadRefused:
		return "late"
	case fund.UploadDropped:
		return "mute"
	case fund.UploadReady, fund.UploadMapping:
		return "wait"
	}
	return "info"
}

func (v statementView) facts(ctx context.Context) []ui.DefinitionItem {
	t := v.Result.Totals
	out := []ui.DefinitionItem{
		{Term: i18n.T(ctx, "fund.upload.account"), Text: v.Account},
		{Term: i18n.T(ctx, "fund.upload.layout"), Text: i18n.T(ctx, "fund.layout."+string(v.Layout))},
		{Term: i18n.T(ctx, "fund.upload.by"), Text: v.ByName},
	}
	if t.Rows == 0 {
		return out
	}
	out = append(out,
		ui.DefinitionItem{Term: i18n.T(ctx, "fund.upload.rows_read"), Text: ui.Number(ctx, t.Rows)},
		ui.DefinitionItem{Term: i18n.T(ctx, "fund.upload.in"), Text: vnd(t.Credit)},
		ui.DefinitionItem{Term: i18n.T(ctx, "fund.upload.out"), Text: vnd(t.Debit)})
	if t.HasBalance {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fund.upload.balance"), Text: vnd(t.Opening) + " → " + vnd(t.Closing)})
	}
	if v.Rows > 0 || v.Sum > 0 {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fund.upload.stated"), Text: i18n.T(ctx, "fund.upload.stated_text", "Rows", ui.Number(ctx, v.Rows), "Sum", vnd(v.Sum))})
	}
	if v.Result.Hash != "" {
		out = append(out, ui.DefinitionItem{Term: "SHA-256", Text: v.Result.Hash})
	}
	return out
}

func (p *Pages) statement(w http.ResponseWriter, r *http.Request) error {
	v, err := p.one(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, statementPage(v))
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	do, flash := p.Service.Confirm, "fund.flash.confirmed"
	if r.PostFormValue("viec") == "bo" {
		do, flash = p.Service.Discard, "fund.flash.discarded"
	}
	err := do(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil && !refused(err) {
		return err
	}
	v, again := p.one(r)
	if again != nil {
		return again
	}
	if err != nil {
		v.Err = err
		return web.Render(w, r, status(err), statementPage(v))
	}
	return web.SeeOther(w, r, ui.WithFlash(v.here(""), flash))
}

// mappingView is the screen on which the columns of an unknown table are told apart.
type mappingView struct {
	statementView
	Rows []statement.PreviewRow
	M    statement.Mapping
}

func (p *Pages) showMapping(w http.ResponseWriter, r *http.Request, m *statement.Mapping, refusal error) error {
	one, err := p.one(r)
	if err != nil {
		return err
	}
	v := mappingView{statementView: one}
	v.Err = refusal
	switch {
	case m != nil:
		v.M = *m
	case one.Mapping != nil:
		v.M = *one.Mapping
	default:
		v.M = statement.Mapping{FirstRow: 2, Dates: statement.DateForms()[0]}
	}
	if v.Rows, err = p.Service.Preview(r.Context(), identity.ActorFrom(r.Context()), v.Upload.ID); err != nil {
		if !refused(err) {
			return err
		}
		v.Err = err
	}
	return web.Render(w, r, status(v.Err), mappingPage(v))
}

func (p *Pages) mapping(w http.ResponseWriter, r *http.Request) error {
	return p.showMapping(w, r, nil, nil)
}

func (p *Pages) setMapping(w http.ResponseWriter, r *http.Request) error {
	n := func(name string) int {
		x, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(name)))
		if err != nil {
			return 0 // none; what must be there is refused by the check
		}
		return x
	}
	m := statement.Mapping{FirstRow: n("first_row"), LastRow: n("last_row"), Dates: r.PostFormValue("dates"), Date: n("date"), Time: n("time"), Doc: n("doc"), Ref: n("ref"), Memo: n("memo"),
		Debit: n("debit"), Credit: n("credit"), Signed: n("signed"), Balance: n("balance"), Offset: n("offset")}
	err := p.Service.SetMapping(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), m)
	if refused(err) {
		return p.showMapping(w, r, &m, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, AppealPath(r.PathValue("code"))+"/sao-ke/"+url.PathEscape(r.PathValue("id")))
}

// width is how many columns the preview shows.
func (v mappingView) width() int {
	n := 0
	for _, x := range v.Rows {
		n = max(n, len(x.Cells))
	}
	return n
}

// columns are the choices for one field: column letters with what stands in them.
func (v mappingView) columns(ctx context.Context, chosen int) []ui.Option {
	out := []ui.Option{{Value: "0", Text: i18n.T(ctx, "fund.mapping.none")}}
	for i := range v.width() {
		text := columnName(i + 1)
		for _, x := range v.Rows {
			if i < len(x.Cells) && strings.TrimSpace(x.Cells[i]) != "" {
				text += " – " + x.Cells[i]
				break
			}
		}
		out = append(out, ui.Option{Value: strconv.Itoa(i + 1), Text: text, Selected: i+1 == chosen})
	}
	return out
}

func (v mappingView) dates() []ui.Option {
	var out []ui.Option
	for _, d := range statement.DateForms() {
		out = append(out, ui.Option{Value: d, Text: d, Selected: d == v.M.Dates})
	}
	return out
}

func (v mappingView) head(ctx context.Context) []ui.Col {
	out := []ui.Col{{Text: i18n.T(ctx, "fund.col.row"), Num: true}}
	for i := range v.width() {
		out = append(out, ui.Col{Text: columnName(i + 1)})
	}
	return out
}

// columnName is the letter of a column as spreadsheets write it.
func columnName(n int) string {
	s := ""
	for ; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// mappingField is one choice on the mapping screen.
type mappingField struct {
	Name   string
	Chosen int
}

func (v mappingView) fields() []mappingField {
	m := v.M
	return []mappingField{{"date", m.Date}, {"memo", m.Memo}, {"credit", m.Credit}, {"debit", m.Debit}, {"signed", m.Signed}, {"doc", m.Doc}, {"ref", m.Ref}, {"time", m.Time}, {"balance", m.Balance}, {"offset", m.Offset}}
}

// checkView is the comparison of bank, books and public log.
type checkView struct {
	frame
	Last  fund.Check
	Under bool
	Bad   bool // only days that differ
}

func (p *Pages) check(w http.ResponseWriter, r *http.Request) error {
	f, err := p.frame(r, "doi-chieu")
	if err != nil {
		return err
	}
	v := checkView{frame: f, Bad: r.URL.Query().Get("xem") == "lech"}
	if v.Last, v.Under, err = p.Service.LastCheck(r.Context(), identity.ActorFrom(r.Context()), f.Code); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, checkPage(v))
}

func (p *Pages) wantCheck(w http.ResponseWriter, r *http.Request) error {
	if err := p.Service.WantCheck(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/doi-chieu", "fund.flash.checking"))
}

func (v checkView) seconds() int {
	if v.Under {
		return 3
	}
	return 0
}

// days are those that are shown, newest first.
func (v checkView) days() []fund.CheckDay {
	var out []fund.CheckDay
	for i := len(v.Last.Days) - 1; i >= 0; i-- {
		d := v.Last.Days[i]
		if !v.Bad || !d.BankIsLedger() || !v.Last.Open && !d.LedgerIsPublic() {
			out = append(out, d)
		}
	}
	return out
}

// bankWords says how bank and books stand on a day.
func bankWords(ctx context.Context, d fund.CheckDay) (tone, text string) {
	switch {
	case d.BankIsLedger():
		return "ok", i18n.T(ctx, "fund.check.equal")
	case d.BankIn != d.LedgerIn:
		return "late", i18n.T(ctx, "fund.check.in_differs", "Diff", vnd(d.LedgerIn-d.BankIn))
	case d.BankOut != d.LedgerOut:
		return "late", i18n.T(ctx, "fund.check.out_differs", "Diff", vnd(d.LedgerOut-d.BankOut))
	}
	return "late", i18n.T(ctx, "fund.check.kept_differs")
}

// publicWords says how books and public log stand on a day.
func publicWords(ctx context.Context, open bool, d fund.CheckDay) (tone, text string) {
	switch {
	case open:
		return "mute", i18n.T(ctx, "fund.check.not_public")
	case d.LedgerIsPublic():
		return "ok", i18n.T(ctx, "fund.check.equal")
	case d.PublicLags():
		return "wait", i18n.T(ctx, "fund.check.public_lags", "Gifts", ui.Number(ctx, d.Gifts-d.PublicGifts))
	}
	return "late", i18n.T(ctx, "fund.check.public_differs", "Diff", vnd(d.PublicSum-d.GiftAmount))
}

// reportView is what moved in a period.
type reportView struct {
	appealView
	Report fund.Report
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := p.frame(r, "")
	if err != nil {
		return err
	}
	f.Active = "bao-cao"
	v := reportView{appealView: appealView{frame: f, Unit: p.unitName(f.UnitID)}}
	q := r.URL.Query()
	until := clock.Date(q.Get("den"))
	if until == "" {
		until = f.Today
	}
	if v.Purses, err = p.Service.Purses(ctx, p.Service.DB.Read(), f.ID); err != nil {
		return err
	}
	v.Report, v.Err = p.Service.PeriodReport(ctx, identity.ActorFrom(ctx), f.Code, clock.Date(q.Get("tu")), until)
	if v.Err != nil && !refused(v.Err) {
		return v.Err
	}
	return web.Render(w, r, status(v.Err), reportPage(v))
}
