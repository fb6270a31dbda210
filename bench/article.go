package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/nhipcau/nhipcau/soak/rig"
)

// article measures the public page of an article against nginx that serves the same bytes with the same headers.
func (b *bench) article(ctx context.Context) (err error) {
	r, p, err := b.serve(ctx, "article", rig.Setup{Units: 5})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop(), r.Close()) }()
	header, body, err := waitPage(ctx, p.URL+r.Article)
	if err != nil {
		return err
	}
	b.line("page %s: %d bytes on the wire, %s", r.Article, len(body), header.Get("Content-Encoding"))
	peer, stop, err := b.nginx(ctx, header, body)
	if errors.Is(err, exec.ErrNotFound) {
		b.line("nginx is not installed (Debian: apt-get install nginx-light): its lines are left out")
	} else if err != nil {
		return err
	} else {
		defer stop()
	}
	product := strings.TrimPrefix(p.URL, "http://")
	for _, n := range []int{1, 16, 64} {
		if _, err := pageLoad(ctx, product, r.Article, n, 500*time.Millisecond); err != nil { // warm
			return err
		}
		// In turns, so that what else the machine does in the meantime meets both alike.
		var us, them []figures
		for range 3 {
			ours, err := pageLoad(ctx, product, r.Article, n, b.window)
			if err != nil {
				return err
			}
			us = append(us, ours)
			if peer == "" {
				continue
			}
			theirs, err := pageLoad(ctx, peer, "/page", n, b.window)
			if err != nil {
				return err
			}
			if theirs.bytes/theirs.n != ours.bytes/ours.n {
				return fmt.Errorf("nginx sends %d bytes a page and the product %d", theirs.bytes/theirs.n, ours.bytes/ours.n)
			}
			them = append(them, theirs)
		}
		ours := typical(us)
		text := fmt.Sprintf("%3d connections: product %7.0f/s (median %s, p99 %s)", n, ours.rate(), short(ours.median), short(ours.p99))
		if peer != "" {
			theirs := typical(them)
			text += fmt.Sprintf(", nginx %7.0f/s (median %s, p99 %s): ratio %.2f", theirs.rate(), short(theirs.median), short(theirs.p99), ours.rate()/theirs.rate())
		}
		b.line("%s", text)
	}
	return nil
}

// waitPage asks for a page until it is there: the article stands as soon as the queue has delivered it.
func waitPage(ctx context.Context, url string) (http.Header, []byte, error) {
	for end := time.Now().Add(20 * time.Second); ; {
		h, body, err := fetch(ctx, url)
		if err == nil || time.Now().After(end) {
			return h, body, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// nginx starts nginx with one page and gives its address.
func (b *bench) nginx(ctx context.Context, header http.Header, body []byte) (address string, stop func(), err error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return "", nil, err
	}
	if address, err = rig.FreeAddress(); err != nil {
		return "", nil, err
	}
	dir := filepath.Join(b.dir, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "page"), body, 0o644); err != nil {
		return "", nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(nginxConf(dir, address, header)), 0o644); err != nil {
		return "", nil, err
	}
	cmd := exec.Command(program, "-p", dir, "-c", conf, "-e", filepath.Join(dir, "error.log"))
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }
	if _, _, err = waitPage(ctx, "http://"+address+"/page"); err != nil {
		stop()
		log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
		return "", nil, fmt.Errorf("nginx: %w\n%s", err, log)
	}
	return address, stop, nil
}

// nginxConf serves the page from the file cache of the system, which is the fastest nginx can do with a file.
func nginxConf(dir, address string, header http.Header) string {
	var add []string
	for name, values := range header {
		switch name {
		case "Content-Length", "Content-Type", "Date", "Connection", "Server", "Last-Modified":
			continue // nginx writes these itself
		}
		for _, v := range values {
			add = append(add, fmt.Sprintf("      add_header %s '%s';", name, strings.ReplaceAll(v, "'", `\'`)))
		}
	}
	sort.Strings(add)
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	return fmt.Sprintf(`daemon off;
%s
worker_processes auto;
pid %[2]s/pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=10;
  etag off;
  client_body_temp_path %[2]s/t1; proxy_temp_path %[2]s/t2; fastcgi_temp_path %[2]s/t3; uwsgi_temp_path %[2]s/t4; scgi_temp_path %[2]s/t5;
  types { }
  default_type '%[3]s';
  server {
    listen %[4]s backlog=1024;
    root %[2]s;
    location = /page {
%[5]s
    }
  }
}
`, user, dir, header.Get("Content-Type"), address, strings.Join(add, "\n"))
}
