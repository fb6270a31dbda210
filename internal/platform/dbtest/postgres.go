package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var server struct {
	once sync.Once
	url  string
	err  error
}

// ErrNotInstalled says that the machine has no PostgreSQL.
var ErrNotInstalled = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")

func postgresServer(t testing.TB) string {
	t.Helper()
	server.once.Do(func() {
		if u := os.Getenv("NHIPCAU_TEST_POSTGRES"); u != "" {
			server.url = u
			return
		}
		server.url, server.err = StartPostgres()
	})
	if errors.Is(server.err, ErrNotInstalled) && os.Getenv("NHIPCAU_REQUIRE_POSTGRES") == "" {
		t.Skip(server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	return server.url
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // the address was used to connect a moment ago
	}
	u.Path = "/" + name
	return u.String()
}

// keepOpen holds our ends of the supervisors' pipes: a collected one would be closed, and its server stopped.
var keepOpen []io.Closer

// StartPostgres starts a throw-away server on a free loopback port and returns its address. The server and its files go
// when this process ends, however it ends: a small supervisor waits for our end of a pipe to close. Settings such as
// "fsync=on" come after those of the tests and win: a benchmark wants a server that keeps its word.
func StartPostgres(settings ...string) (string, error) {
	bin, err := postgresBin()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "nhipcau-postgres-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// fsync is off: these databases live for one test run and hold nothing anybody was promised.
	script := `"$0"/postgres -D "$1" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off ` +
		`-c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB $4 >"$2"/log 2>&1 </dev/null & pid=$!; ` +
		`read -r _; kill -INT $pid; wait $pid; rm -rf "$2"`
	own := ""
	for _, s := range settings {
		own += " -c " + s
	}
	sup := exec.Command("/bin/sh", "-c", script, bin, data, dir, strconv.Itoa(port), own)
	sup.SysProcAttr = attr
	sup.SysProcAttr.Setpgid = true // Ctrl-C for the tests must not kill the supervisor before it has tidied up
	pipe, err := sup.StdinPipe()
	if err != nil {
		return "", err
	}
	keepOpen = append(keepOpen, pipe)
	if err := sup.Start(); err != nil {
		return "", err
	}
	address := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	return address, waitReady(address, filepath.Join(dir, "log"))
}

func waitReady(address, logFile string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-ctx.Done():
			out, _ := os.ReadFile(logFile)
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func postgresBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	sort.Strings(found)
	if n := len(found); n > 0 {
		return filepath.Dir(found[n-1]), nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", ErrNotInstalled
}

// unprivileged gives the folder to a user that is not root, since PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
