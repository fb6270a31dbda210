package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures is what one window of load came to.
type figures struct {
	n      int64
	took   time.Duration
	bytes  int64 // of bodies
	median time.Duration
	p99    time.Duration
}

func (f figures) rate() float64 { return float64(f.n) / f.took.Seconds() }

// load keeps n workers busy for the window; each does one act after the other. The first fault ends it.
func load(ctx context.Context, n int, window time.Duration, worker func(i int) (act func(ctx context.Context) (int64, error), done func(), err error)) (figures, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var fault error
	var once sync.Once
	fail := func(err error) { once.Do(func() { fault = err; cancel() }) }
	var bytes atomic.Int64
	all := make([][]time.Duration, n)
	acts := make([]func(context.Context) (int64, error), n)
	for i := range n {
		act, done, err := worker(i)
		if err != nil {
			return figures{}, err
		}
		if done != nil {
			defer done()
		}
		acts[i] = act
	}
	began := time.Now()
	end := began.Add(window)
	for i := range n {
		wg.Go(func() {
			for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
				got, err := acts[i](ctx)
				if err != nil {
					fail(err)
					return
				}
				after := time.Now()
				all[i] = append(all[i], after.Sub(now))
				now = after
				bytes.Add(got)
			}
		})
	}
	wg.Wait()
	f := figures{took: time.Since(began), bytes: bytes.Load()}
	if fault != nil {
		return f, fault
	}
	if err := ctx.Err(); err != nil {
		return f, err
	}
	f.median, f.p99, f.n = spread(all)
	return f, nil
}

func spread(all [][]time.Duration) (median, p99 time.Duration, n int64) {
	var flat []time.Duration
	for _, one := range all {
		flat = append(flat, one...)
	}
	if len(flat) == 0 {
		return 0, 0, 0
	}
	sortDurations(flat)
	return flat[len(flat)/2], flat[len(flat)*99/100], int64(len(flat))
}

// visitor is one browser that asks for the same page again and again over one connection. It reads answers with as little
// work as it can, since it shares the machine with the server under test.
type visitor struct {
	conn net.Conn
	in   *bufio.Reader
	ask  []byte
}

func newVisitor(address, path string, headers ...string) (*visitor, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	ask := "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAccept-Encoding: gzip\r\n"
	for i := 0; i+1 < len(headers); i += 2 {
		ask += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	return &visitor{conn: c, in: bufio.NewReaderSize(c, 32<<10), ask: []byte(ask + "\r\n")}, nil
}

// visit asks once and gives the length of the body. Anything but 200 with a length is an error.
func (v *visitor) visit() (int64, error) {
	if _, err := v.conn.Write(v.ask); err != nil {
		return 0, err
	}
	length := int64(-1)
	for i := 0; ; i++ {
		line, err := v.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if i == 0 && (len(line) < 12 || string(line[9:12]) != "200") {
			return 0, fmt.Errorf("the page answered %q", line)
		}
		if len(line) <= 2 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			if length, err = strconv.ParseInt(strings.TrimSpace(string(line[len(name):])), 10, 64); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("the page came without Content-Length")
	}
	_, err := v.in.Discard(int(length))
	return length, err
}

// pageLoad measures one page with n connections.
func pageLoad(ctx context.Context, address, path string, n int, window time.Duration) (figures, error) {
	return load(ctx, n, window, func(int) (func(context.Context) (int64, error), func(), error) {
		v, err := newVisitor(address, path)
		if err != nil {
			return nil, nil, err
		}
		return func(context.Context) (int64, error) { return v.visit() }, func() { v.conn.Close() }, nil
	})
}

// fetch gets one page as a browser that takes gzip, with the body as it came over the wire.
func fetch(ctx context.Context, url string) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", url, resp.StatusCode)
	}
	return resp.Header, body, err
}
