package main

import (
	"strings"
	"testing"
)

func TestSummarise(t *testing.T) {
	in := `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"run","Package":"a","Test":"TestX/one"}
{"Action":"output","Package":"a","Test":"TestX/one","Output":"quiet\n"}
{"Action":"pass","Package":"a","Test":"TestX/one"}
{"Action":"run","Package":"a","Test":"TestX/two"}
{"Action":"output","Package":"a","Test":"TestX/two","Output":"    x_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"a","Test":"TestX/two"}
{"Action":"fail","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"FAIL\n"}
{"Action":"fail","Package":"a","Elapsed":1.5}
{"Action":"run","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Test":"TestY","Output":"=== RUN   TestY\n"}
{"Action":"output","Package":"b","Test":"TestY","Output":"    y_test.go:9: no printer here\n"}
{"Action":"output","Package":"b","Test":"TestY","Output":"--- SKIP: TestY (0.00s)\n"}
{"Action":"skip","Package":"b","Test":"TestY"}
{"Action":"pass","Package":"b"}
{"Action":"skip","Package":"without"}
{"ImportPath":"c [c.test]","Action":"build-output","Output":"c.go:1: undefined: z\n"}
{"Action":"fail","Package":"c","FailedBuild":"c [c.test]"}
{"Action":"run","Package":"d","Test":"TestLoop"}
{"Action":"output","Package":"d","Output":"panic: test timed out after 1s\n"}
{"Action":"fail","Package":"d"}
{"Action":"run","Package":"e","Test":"TestOK"}
{"Action":"pass","Package":"e","Test":"TestOK"}
{"Action":"pass","Package":"e","Elapsed":0.2}
not json
`
	var out strings.Builder
	sum, err := summarise(strings.NewReader(in), &out)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sum.String(), "2 passed, 3 failed, 1 skipped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, want := range []string{
		"FAIL  a  1.5s", "x_test.go:3: got 1, want 2", "ok    b", "skipped: b TestY: y_test.go:9: no printer here", "c.go:1: undefined: z",
		"--- TestLoop did not end", "panic: test timed out", "ok    e  0.2s", "not json",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	for _, not := range []string{"quiet", "without"} {
		if strings.Contains(out.String(), not) {
			t.Errorf("the report should not say %q", not)
		}
	}
}

// A subtest's failure and its parent's are one failure; a parent that fails after its subtests passed is lost to the
// count of leaves, so the package's own failure must be counted.
func TestParentAloneFails(t *testing.T) {
	in := `{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"run","Package":"a","Test":"TestX/one"}
{"Action":"pass","Package":"a","Test":"TestX/one"}
{"Action":"output","Package":"a","Test":"TestX","Output":"cleanup failed\n"}
{"Action":"fail","Package":"a","Test":"TestX"}
{"Action":"fail","Package":"a"}
`
	var out strings.Builder
	sum, err := summarise(strings.NewReader(in), &out)
	if err != nil || sum.failed != 1 || sum.passed != 1 || !strings.Contains(out.String(), "cleanup failed") {
		t.Fatalf("%v %v\n%s", sum, err, out.String())
	}
}
