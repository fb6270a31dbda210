package zalo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// UserField is one thing that an OA notes of people: the system's own (name, telephone …) or one that the OA has made up.
type UserField struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	Type string `json:"data_type"`  // text, number, boolean, datetime, email, phone, url
	Kind string `json:"field_type"` // system or oa_custom
	Gone bool   `json:"gone,omitempty"`
}

const (
	fieldSystem = "system"
	fieldCustom = "oa_custom"
	maxValue    = 255 // letters of a text
)

// systemFields are those that every OA has; no call changes them.
func systemFields() []*UserField {
	var out []*UserField
	for _, f := range [][2]string{{"name", "text"}, {"phone", "phone"}, {"user_dob", "datetime"}, {"gender", "text"}, {"full_address", "text"}, {"user_external_id", "text"}} {
		out = append(out, &UserField{Key: f[0], Name: f[0], Type: f[1], Kind: fieldSystem})
	}
	return out
}

// fieldTypes are the kinds of values, with what each takes.
var fieldTypes = map[string]*regexp.Regexp{
	"text":     regexp.MustCompile(`^[\s\S]*$`),
	"number":   regexp.MustCompile(`^-?\d+([.,]\d{1,3})?$`),
	"boolean":  regexp.MustCompile(`^(true|false)$`),
	"datetime": regexp.MustCompile(`^(\d{2}[/-]\d{2}[/-]\d{4}|\d{4}-\d{2}-\d{2}|\d{9,10})([ T]\d{2}:\d{2}(:\d{2})?)?$`),
	"email":    regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`),
	"phone":    regexp.MustCompile(`^84\d{8,10}$`),
	"url":      regexp.MustCompile(`^https?://\S+$`),
}

func (s *Sim) routesField(mux *http.ServeMux) {
	s.api(mux, "POST /v3.0/oa/user/update", gatePackage, s.userUpdate)
	s.api(mux, "POST /v2.0/oa/updatefollowerinfo", gatePackage, s.userUpdate)
	s.api(mux, "GET /v3.0/oa/user/detail/custominfo", gatePackage, s.customInfo)
	s.api(mux, "POST /v3.0/oa/user/update/custominfo", gatePackage, s.customUpdate)
	s.api(mux, "GET /v3.0/oa/userfield/get", gatePackage, s.fieldList)
	s.api(mux, "POST /v3.0/oa/userfield/create", gatePackage, s.fieldCreate)
	s.api(mux, "POST /v3.0/oa/userfield/update", gatePackage, s.fieldUpdate)
	s.api(mux, "POST /v3.0/oa/userfield/delete", gatePackage, s.fieldDelete)
}

// sharedInput is what an OA writes down of a person: flat in the older calls, under shared_info in the newer one.
type sharedInput struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Address  string `json:"address"`
	Born     string `json:"user_dob"`
	City     any    `json:"city_id"`
	District any    `json:"district_id"`
}

func (s *Sim) userUpdate(c *call) reply {
	var in struct {
		UserID string `json:"user_id"`
		sharedInput
		Shared    *sharedInput `json:"shared_info"`
		Alias     string       `json:"alias"`
		UserAlias string       `json:"user_alias"`
		External  string       `json:"user_external_id"`
		Notes     []string     `json:"notes"`
	}
	if !c.decode(&in) {
		return badParam("body")
	}
	f := c.oa.followers[in.UserID]
	if f == nil {
		return badParam("user_id")
	}
	what := in.sharedInput
	if in.Shared != nil {
		what = *in.Shared
	}
	if what.Born != "" {
		day, err := time.ParseInLocation("2/1/2006", what.Born, clock.Vietnam)
		if err != nil || day.Year() < 1970 || day.After(c.now) {
			return badParam("user_dob")
		}
	}
	if what != (sharedInput{}) {
		if f.Shared == nil {
			f.Shared = &Contact{Name: f.Name, Phone: f.Phone, Address: f.Address}
		}
		f.Shared.Name, f.Shared.Phone, f.Shared.Address = cmp.Or(what.Name, f.Shared.Name), cmp.Or(what.Phone, f.Shared.Phone), cmp.Or(what.Address, f.Shared.Address)
		for into, code := range map[*string]any{&f.Shared.City: what.City, &f.Shared.District: what.District} {
			if code != nil {
				*into = fmt.Sprint(code)
			}
		}
		f.Phone, f.Address = f.Shared.Phone, f.Shared.Address
	}
	f.Alias, f.External = cmp.Or(in.UserAlias, in.Alias, f.Alias), cmp.Or(in.External, f.External)
	f.Notes = append(f.Notes, in.Notes...)
	s.saveFollower(c.oa, f)
	return fine(nil)
}

// fieldsOf are the fields of an OA, the system's first.
func fieldsOf(a *account) []*UserField { return append(systemFields(), a.fields...) }

func fieldOf(a *account, key string) *UserField {
	for _, f := range fieldsOf(a) {
		if f.Key == key {
			return f
		}
	}
	return nil
}

// fieldList shows the fields, narrowed by field_type and by fields_to_get (joined by commas), as query parameters or in data.
func (s *Sim) fieldList(c *call) reply {
	q := c.r.URL.Query()
	in := struct {
		Kind string   `json:"field_type"`
		Keys []string `json:"fields_to_get"`
	}{Kind: q.Get("field_type")}
	if keys := q.Get("fields_to_get"); keys != "" {
		in.Keys = strings.Split(keys, ",")
	}
	if q.Has("data") && !c.query(&in) {
		return badParam("data")
	}
	if in.Kind != "" && in.Kind != fieldSystem && in.Kind != fieldCustom {
		return badParam("field_type")
	}
	out := []*UserField{}
	for _, f := range fieldsOf(c.oa) {
		if (in.Kind == "" || f.Kind == in.Kind) && (len(in.Keys) == 0 || slices.Contains(in.Keys, f.Key)) {
			out = append(out, f)
		}
	}
	return fine(map[string]any{"total": len(out), "fields": out})
}

var fieldKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,49}$`)

func (s *Sim) fieldCreate(c *call) reply {
	var in UserField
	switch {
	case !c.decode(&in):
		return badParam("body")
	case !fieldKey.MatchString(in.Key) || fieldOf(c.oa, in.Key) != nil:
		return badParam("key")
	case fieldTypes[in.Type] == nil:
		return badParam("data_type")
	}
	f := &UserField{Key: in.Key, Name: cmp.Or(in.Name, in.Key), Type: in.Type, Kind: fieldCustom}
	c.oa.fields = append(c.oa.fields, f)
	s.saveField(c.oa, f)
	return fine(f)
}

func (s *Sim) saveField(a *account, f *UserField) { s.journal.Put("field", a.ID+"/"+f.Key, f) }

// fieldUpdate renames a field of the OA; key and type are for good.
func (s *Sim) fieldUpdate(c *call) reply {
	var in UserField
	if !c.decode(&in) {
		return badParam("body")
	}
	f := fieldOf(c.oa, in.Key)
	switch {
	case f == nil || f.Kind == fieldSystem:
		return badParam("key")
	case in.Type != "" && in.Type != f.Type:
		return badParam("data_type")
	}
	f.Name = cmp.Or(in.Name, f.Name)
	s.saveField(c.oa, f)
	return fine(f)
}

// fieldDelete drops a field of the OA with what was noted in it.
func (s *Sim) fieldDelete(c *call) reply {
	var in UserField
	if !c.decode(&in) {
		return badParam("body")
	}
	f := fieldOf(c.oa, in.Key)
	if f == nil || f.Kind == fieldSystem {
		return badParam("key")
	}
	c.oa.fields = slices.DeleteFunc(c.oa.fields, func(x *UserField) bool { return x == f })
	f.Gone = true
	s.saveField(c.oa, f)
	for _, p := range c.oa.followers {
		if _, has := p.Custom[f.Key]; has {
			delete(p.Custom, f.Key)
			s.saveFollower(c.oa, p)
		}
	}
	return fine(nil)
}

// customInfo shows what is noted of a person; every value is text, whatever its type.
func (s *Sim) customInfo(c *call) reply {
	var in struct {
		UserID string   `json:"user_id"`
		Keys   []string `json:"fields_to_export"`
	}
	if !c.query(&in) {
		return badParam("data")
	}
	p := c.oa.followers[in.UserID]
	if p == nil {
		return badParam("user_id")
	}
	name, phone := p.Name, p.Phone
	if p.Shared != nil {
		name, phone = cmp.Or(p.Shared.Name, name), cmp.Or(p.Shared.Phone, phone)
	}
	all := map[string]any{"name": name, "phone": phone, "user_external_id": p.External}
	own := map[string]string{}
	for k, v := range p.Custom {
		if len(in.Keys) == 0 || slices.Contains(in.Keys, k) {
			own[k] = fmt.Sprint(v)
		}
	}
	for k := range all {
		if len(in.Keys) > 0 && !slices.Contains(in.Keys, k) {
			delete(all, k)
		}
	}
	all["user_id"], all["custom_info"] = p.UserID, own
	return fine(all)
}

// customUpdate notes values in the OA's own fields, all or none; "" takes one away.
func (s *Sim) customUpdate(c *call) reply {
	var in struct {
		UserID   string                     `json:"user_id"`
		Name     string                     `json:"name"`
		Phone    string                     `json:"phone"`
		External string                     `json:"user_external_id"`
		Custom   map[string]json.RawMessage `json:"custom_info"`
	}
	if !c.decode(&in) {
		return badParam("body")
	}
	p := c.oa.followers[in.UserID]
	if p == nil {
		return badParam("user_id")
	}
	values := map[string]any{}
	for key, raw := range in.Custom {
		f := fieldOf(c.oa, key)
		if f == nil || f.Kind == fieldSystem {
			return badParam("custom_info." + key)
		}
		v, ok := plainValue(raw)
		if !ok || v != "" && !fieldTypes[f.Type].MatchString(v) || f.Type == "text" && utf8.RuneCountInString(v) > maxValue {
			return badParam("custom_info." + key)
		}
		values[key] = v
	}
	if in.Phone != "" && !fieldTypes["phone"].MatchString(in.Phone) {
		return badParam("phone")
	}
	if p.Custom == nil {
		p.Custom = map[string]any{}
	}
	for key, v := range values {
		if p.Custom[key] = v; v == "" {
			delete(p.Custom, key)
		}
	}
	p.Name, p.Phone, p.External = cmp.Or(in.Name, p.Name), cmp.Or(in.Phone, p.Phone), cmp.Or(in.External, p.External)
	s.saveFollower(c.oa, p)
	return fine(nil)
}

// plainValue reads a value as text: a string, a number or a truth.
func plainValue(raw json.RawMessage) (string, bool) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch x := v.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	}
	return "", false
}
