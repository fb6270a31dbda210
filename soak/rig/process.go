package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Build compiles the product into dir and gives the path of the program.
func Build(ctx context.Context, dir string) (string, error) {
	to := filepath.Join(dir, "nhipcau")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "github.com/nhipcau/nhipcau/cmd/nhipcau")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the product: %w\n%s", err, out)
	}
	return to, nil
}

// FreeAddress is a loopback address on which nobody listens now.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Process is the product running as a program of its own.
type Process struct {
	URL     string
	LogFile string
	Took    time.Duration // from the start of the process until it answered "ready"

	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs the product on the address and waits until it is ready. Webhooks go to the process started last.
func (r *Rig) Start(ctx context.Context, listen string, env ...string) (*Process, error) {
	p := &Process{URL: "http://" + listen, LogFile: filepath.Join(r.Dir, "product-"+listen[strings.LastIndex(listen, ":")+1:]+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(r.Binary, "serve")
	p.cmd.Env = append(r.environment(listen), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	if err := p.ready(ctx); err != nil {
		out, _ := os.ReadFile(p.LogFile)
		p.Kill()
		return nil, fmt.Errorf("%w\n%s", err, tail(string(out), 4000))
	}
	p.Took = time.Since(began)
	r.target.Store(&p.URL)
	return p, nil
}

// environment is ours without the settings of a house, and with this one's.
func (r *Rig) environment(listen string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "NHIPCAU_") {
			env = append(env, kv)
		}
	}
	c := r.cfg
	env = append(env, "NHIPCAU_DATA="+c.Data, "NHIPCAU_LISTEN="+listen, "NHIPCAU_BUDGET="+strconv.Itoa(c.Budget), "NHIPCAU_REHEARSAL__SIGN_IN=true",
		"NHIPCAU_LOG__LEVEL="+c.Log.Level, "NHIPCAU_ZALO__APP_ID="+appID, "NHIPCAU_ZALO__APP_SECRET="+appSecret, "NHIPCAU_ZALO__OA_SECRET_KEY="+hookSecret,
		"NHIPCAU_ZALO__OAUTH_URL="+c.Zalo.OAuthURL, "NHIPCAU_ZALO__OPENAPI_URL="+c.Zalo.OpenAPIURL,
		"NHIPCAU_FACEBOOK__APP_ID="+appID, "NHIPCAU_FACEBOOK__APP_SECRET="+appSecret, "NHIPCAU_FACEBOOK__VERIFY_TOKEN="+hookSecret,
		"NHIPCAU_FACEBOOK__GRAPH_URL="+c.Facebook.GraphURL, "NHIPCAU_FACEBOOK__DIALOG_URL="+c.Facebook.DialogURL)
	if c.Database != "" {
		env = append(env, "NHIPCAU_DATABASE="+c.Database)
	}
	if c.Rehearsal.Now != "" {
		env = append(env, "NHIPCAU_REHEARSAL__NOW="+c.Rehearsal.Now)
	}
	return env
}

func (p *Process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return errors.New("the product ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("the product was not ready in time: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process as a power cut would and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the process to close and waits; after 30 s it is killed and an error returned.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(30 * time.Second):
		p.Kill()
		return errors.New("the product did not close within 30 s")
	}
}

// Running tells whether the process lives.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Resident is the memory that the process holds now, in bytes (VmRSS).
func (p *Process) Resident() (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID()) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

// Log gives the last part of what the process has logged.
func (p *Process) Log() string {
	b, _ := os.ReadFile(p.LogFile)
	return tail(string(b), 6000)
}

func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}
