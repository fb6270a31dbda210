// Command rehearsal opens a living province in one command: simulated outside worlds (Zalo, Facebook) with their followers,
// and the product on embedded SQLite, filled with real places and invented people. What is done in it stays until
// `make demo-reset`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
}

// options of the command line.
type options struct {
	scenario, addr, simAddr, data string
	database                      string
	budget                        int
	logLevel                      string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("rehearsal", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.scenario, "scenario", "nghe-an", "nghe-an (today) or nghe-an-2024 (November 2024, 482 Official Accounts)")
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where the product listens")
	fs.StringVar(&o.simAddr, "sim-addr", "127.0.0.1:8090", "where the simulated outside worlds listen")
	fs.StringVar(&o.data, "data", "var/demo/nghe-an", "folder of everything that is kept")
	fs.StringVar(&o.database, "database", "", "PostgreSQL address instead of embedded SQLite")
	fs.IntVar(&o.budget, "budget", 4000, "requests a minute to Zalo, as on the real platform; 0 lifts the limit")
	fs.StringVar(&o.logLevel, "log", "warn", "debug, info, warn or error")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if _, ok := scenarios()[o.scenario]; !ok {
		return o, fmt.Errorf("there is no scenario %q: choose nghe-an or nghe-an-2024", o.scenario)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	sc := scenarios()[o.scenario]
	if err := claimFolder(o.data, o.scenario); err != nil {
		return err
	}
	simListener, err := net.Listen("tcp", o.simAddr)
	if err != nil {
		return fmt.Errorf("the simulators cannot listen on %s: %w", o.simAddr, err)
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("the product cannot listen on %s: %w", o.addr, err)
	}
	cfg := productConfig(o)
	if err := cfg.Check(); err != nil {
		return err
	}
	clk, err := newHistory(filepath.Join(o.data, "clock-shift"), sc.now)
	if err != nil {
		return err
	}
	world, err := openWorld(o, clk)
	if err != nil {
		return err
	}
	defer world.close()
	house, err := app.Open(ctx, cfg, stderr, app.WithClock(clk))
	if err != nil {
		return err
	}
	defer house.Close()
	began := time.Now()
	cast, err := seed(ctx, house, world, clk, sc, o.data, stdout)
	if err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	servers := []*http.Server{serve(simListener, clk.hand(house, world.handler())), serve(listener, house.Handler())}
	if err := house.Start(ctx); err != nil {
		return err
	}
	if cast != nil {
		if err := world.talk(house); err != nil {
			return fmt.Errorf("seeding messages: %w", err)
		}
		if err := world.wake(ctx, house, *cast, sc.now.IsZero()); err != nil {
			return fmt.Errorf("seeding the fleet: %w", err)
		}
	}
	announce(stdout, o, sc, time.Since(began))
	played := make(chan struct{})
	go func() {
		defer close(played)
		if err := playAppeal(ctx, newTroupe(house), o.data, stdout); err != nil && ctx.Err() == nil {
			fmt.Fprintln(stderr, "rehearsal: the appeal:", err)
		}
	}()
	<-ctx.Done()
	<-played
	fmt.Fprintln(stdout, "\nClosing; everything is kept in", o.data)
	for _, s := range servers {
		shut, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = s.Shutdown(shut)
		cancel()
	}
	return nil
}

func serve(l net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }()
	return s
}

// claimFolder marks the data folder as the rehearsal's, so that demo-reset removes nothing else, and keeps one scenario in it.
func claimFolder(dir, scenario string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	mark := filepath.Join(dir, ".rehearsal")
	b, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(b) > 0 && string(b) != scenario {
		return fmt.Errorf("%s holds the scenario %s: choose another folder (DATA) or forget it (make demo-reset)", dir, b)
	}
	return os.WriteFile(mark, []byte(scenario), 0o640)
}

func announce(w io.Writer, o options, sc scenario, took time.Duration) {
	fmt.Fprintf(w, `
  Nhịp Cầu – %s (sẵn sàng sau %.0f giây)

  Trang cho bà con       http://%s/
  Cán bộ đăng nhập       http://%s/dang-nhap   (chọn một người trong danh sách, không cần mật khẩu)
  Bức tường điện thoại   http://%s/            (người dân thấy gì trên Zalo và Facebook)

  Tất cả cán bộ trong buổi diễn tập là nhân vật tưởng tượng; mật khẩu chung: %s
  Dừng: Ctrl-C. Chạy lại: dữ liệu còn nguyên. Làm lại từ đầu: make demo-reset
`, sc.title, took.Seconds(), o.addr, o.addr, o.simAddr, password)
}
