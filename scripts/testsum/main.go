// Command testsum runs `go test` with the arguments given to it and tells the outcome so that a person finds it: a line
// per package as it ends, the whole output of what failed, what was skipped and why, and as its last line
// "N passed, N failed, N skipped". It ends with a status other than 0 when anything failed, did not build, or nothing ran.
// With -pages it also fails for every page part (templ component) that no test of the run has drawn.
// With -postgres it first starts one throw-away PostgreSQL server for the whole run, unless NHIPCAU_TEST_POSTGRES names one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func main() {
	postgres := flag.Bool("postgres", false, "start one PostgreSQL server for the whole run")
	pages := flag.Bool("pages", false, "fail for every page part that no test draws")
	flag.Parse()
	code, err := run(*postgres, *pages, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	os.Exit(code)
}

func run(postgres, pages bool, args []string) (int, error) {
	check := func() ([]string, error) { return nil, nil }
	if pages {
		more, after, err := pageCoverage()
		if err != nil {
			return 2, err
		}
		args, check = append(more, args...), after
	}
	if postgres && os.Getenv("NHIPCAU_TEST_POSTGRES") == "" {
		url, err := dbtest.StartPostgres()
		if err != nil {
			return 2, fmt.Errorf("start PostgreSQL for the tests: %w", err)
		}
		if err := os.Setenv("NHIPCAU_TEST_POSTGRES", url); err != nil {
			return 2, err
		}
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 2, err
	}
	if err := cmd.Start(); err != nil {
		return 2, err
	}
	sum, readErr := summarise(out, os.Stdout)
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		readErr = errors.Join(readErr, err)
	}
	if err != nil && sum.failed == 0 {
		sum.failed++ // go test itself could not do its work; it has said why on standard error
	}
	missed, checkErr := check()
	if sum.failed > 0 { // what did not run has drawn nothing: say the one thing first
		missed, checkErr = nil, nil
	}
	for _, m := range missed {
		fmt.Println("FAIL ", m)
	}
	sum.failed += len(missed)
	readErr = errors.Join(readErr, checkErr)
	fmt.Println(sum)
	if sum.failed > 0 || readErr != nil || sum.passed == 0 {
		return 1, readErr
	}
	return 0, nil
}
