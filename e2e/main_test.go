package e2e

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The rehearsal province that all tests share, and the browser they look at it with.
var (
	program     string // the rehearsal
	product     string // "http://localhost:40123"; a name and not a number, as passkeys belong to names
	outside     string // the simulated Zalo and Facebook with their control API
	shots       string // folder of the pictures
	browserRoot context.Context
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if testing.Short() {
		return m.Run() // every test leaves at once
	}
	dir, err := os.MkdirTemp("", "nhipcau-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	shots = cmp.Or(os.Getenv("NHIPCAU_SHOTS"), "shots")
	err = os.MkdirAll(shots, 0o750)
	if err == nil {
		program, err = build(dir)
	}
	var p province
	if err == nil {
		p, err = openProvince(program, dir, "nghe-an-2024")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer p.stop()
	product, outside = p.product, p.outside
	stop, err := openBrowser(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer stop()
	return m.Run()
}

// build makes the rehearsal program, unless NHIPCAU_TEST_REHEARSAL names one that is already built.
func build(dir string) (string, error) {
	if program := os.Getenv("NHIPCAU_TEST_REHEARSAL"); program != "" {
		return program, nil
	}
	program := filepath.Join(dir, "rehearsal")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/rehearsal").CombinedOutput(); err != nil {
		return "", fmt.Errorf("the rehearsal cannot be built: %w\n%s", err, out)
	}
	return program, nil
}

// province is one running rehearsal: where the product and the simulated outside world answer.
type province struct {
	product, outside string
	stop             func()
}

// openProvince starts a scenario in a fresh folder and waits until it is seeded and answers.
func openProvince(program, dir, scenario string) (province, error) {
	addr, simAddr := freeAddress(), freeAddress()
	p := province{product: "http://" + addr, outside: "http://" + simAddr}
	var said lockedBuffer
	c := exec.Command(program, "--scenario", scenario, "--addr", addr, "--sim-addr", simAddr, "--data", filepath.Join(dir, scenario))
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		return p, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	p.stop = func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = c.Process.Kill()
			<-ended
		}
		if testing.Verbose() || strings.Contains(said.String(), "panic") {
			fmt.Fprintln(os.Stderr, "the rehearsal said:\n"+said.String())
		}
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		select {
		case err := <-ended:
			return p, errors.Join(fmt.Errorf("the rehearsal ended: %s", said.String()), err)
		default:
		}
		if r, err := http.Get(p.product + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return p, nil
			}
		}
	}
	p.stop()
	return p, fmt.Errorf("the rehearsal does not answer: %s", said.String())
}

func freeAddress() string {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return "localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// openBrowser starts Chromium without a window and without any traffic of its own.
func openBrowser(dir string) (func(), error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, errors.New("the tests need Chromium (package chromium); make deps says what else")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(dir, "browser")), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "vi"), chromedp.Env("LANGUAGE=vi", "LANG=vi_VN.UTF-8"), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
	)
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stopBrowser := chromedp.NewContext(alloc, chromedp.WithErrorf(func(format string, args ...any) {
		if !strings.HasPrefix(format, "unhandled") { // an event that is younger than the library
			fmt.Fprintf(os.Stderr, "chromium: "+format+"\n", args...)
		}
	}))
	stop := func() { stopBrowser(); stopAlloc() }
	if err := chromedp.Run(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("chromium does not start: %w", err)
	}
	browserRoot = ctx
	return stop, nil
}

// lockedBuffer keeps what a program says while it runs.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*lockedBuffer)(nil)

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
