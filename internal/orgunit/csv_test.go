package orgunit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func TestImportCSV(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := ot.Seed(t, d)
		list := "\ufeffLevel;Code;Name;Parent_Code;Type\r\ncluster;17950-001-1;Tổ 1;17950-001;Tổ liên gia\r\n" +
			"area;17950-001;Sen 1;17950;Làng\r\narea;17950-002;Hoàng Trù;17950;Xóm\r\n"
		r, err := s.ImportCSV(context.Background(), strings.NewReader(list), s.Today())
		if err != nil || r.Added != 2 || r.Changed != 1 {
			t.Fatalf("%+v %v", r, err)
		}
		u, err := s.Forest().ByCode(orgunit.LevelCluster, "17950-001-1", s.Today())
		if err != nil || u.ParentID != ot.AreaSen {
			t.Fatal(u, err)
		}
		if u, _ := s.Forest().Unit(ot.AreaSen, s.Today()); u.FullName != "Làng Sen 1" {
			t.Error(u)
		}
		if r, err = s.ImportCSV(context.Background(), strings.NewReader(list), s.Today()); err != nil || r.Added != 0 || r.Changed != 0 {
			t.Fatalf("second time: %+v %v", r, err)
		}
	}, ot.Migrations)
}

func TestCSVMistakesHaveRows(t *testing.T) {
	s := ot.Seed(t, dbtest.SQLite(t, ot.Migrations))
	const head = "level,code,name,parent_code,valid_from\n"
	for name, c := range map[string]struct {
		text, key string
		row       int
	}{
		"empty":            {"", "orgunit.csv_empty", 0},
		"no column":        {"level,code,name\narea,1,A", "orgunit.csv_no_column", 0},
		"level":            {head + "area,1,A,17950\nplanet,2,B,17950\n", "orgunit.csv_level", 3},
		"code":             {head + "area,,A,17950,\n", "orgunit.csv_code", 2},
		"name":             {head + "area,1,,17950,\n", "orgunit.csv_name", 2},
		"no parent":        {head + "area,1,A,,\n", "orgunit.csv_no_parent", 2},
		"unknown parent":   {head + "area,1,A,99999,\n", "orgunit.csv_unknown_parent", 2},
		"date":             {head + "\narea,1,A,17950,31/02/2026\n", "orgunit.csv_date", 3},
		"twice":            {head + "area,1,A,17950,\narea,1,B,17950,\n", "orgunit.csv_twice", 3},
		"quote not closed": {head + "area,1,\"A,17950,\n", "orgunit.csv_broken_row", 2},
		"not UTF-8":        {head + "area,1,\xff,17950,\n", "orgunit.csv_not_utf8", 0},
	} {
		_, err := s.ImportCSV(context.Background(), strings.NewReader(c.text), s.Today())
		var one *fault.Error
		var many fault.Fields
		if errors.As(err, &many) {
			one = many[0]
		} else if !errors.As(err, &one) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		row := 0
		for _, a := range one.Args {
			if a.Name == "Row" {
				row = a.Value.(int)
			}
		}
		if one.Key != c.key || row != c.row {
			t.Errorf("%s: %s in row %d, want %s in row %d", name, one.Key, row, c.key, c.row)
		}
	}
	if s.Forest().Version() != 2 {
		t.Error("a refused list left something behind")
	}
}

func FuzzParseCSV(f *testing.F) {
	f.Add("level,code,name,parent_code\narea,1,Xóm 1,17950\n")
	f.Add("\ufefflevel;code;name;parent_code;valid_from\narea;1;\"Xóm \"\"1\"\"\";17950;1/7/2025\n")
	f.Add("level,code,name,parent_code\n\"")
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := orgunit.ParseCSV(strings.NewReader(in))
		if err != nil {
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, r := range rows {
			if r.Row < 2 || r.Name == "" || r.Code == "" || r.Level.Rank() == 99 || r.From != "" && !r.From.Valid() {
				t.Fatalf("%+v", r)
			}
		}
	})
}
