// Package blob keeps files (pictures, attachments) in a local folder or in an S3 bucket; both pass one suite. Names are
// slash-separated keys made by the caller, for example "picture/01a2…/800.webp"; content under a key never changes.
package blob

import (
	"context"
	"errors"
	"io"
	"strings"
)

// ErrNotFound is returned for a key that holds nothing.
var ErrNotFound = errors.New("blob: not found")

// Info describes one file.
type Info struct {
	Key  string
	Size int64 // bytes
}

// Store keeps files. Implementations are safe for concurrent use.
type Store interface {
	// Put writes all of r under key and returns once it is durable; writing the same key again replaces it whole.
	Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error
	// Get opens the file for reading; the caller closes it. ErrNotFound when there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Delete removes the file; removing what is not there is no error.
	Delete(ctx context.Context, key string) error
	// Walk calls fn for every file whose key starts with prefix, in key order.
	Walk(ctx context.Context, prefix string, fn func(Info) error) error
}

// Open gives the store named by "s3://KEY:SECRET@host[:port]/bucket[?insecure=1&region=…]" or the folder of that name.
func Open(ctx context.Context, where string) (Store, error) {
	if strings.HasPrefix(where, "s3://") {
		return openS3(ctx, where)
	}
	return NewFolder(where)
}

// checkKey refuses keys that could leave the store or surprise a file system.
func checkKey(key string) error {
	if key == "" || len(key) > 500 || strings.HasPrefix(key, "/") || strings.HasSuffix(key, "/") {
		return errors.New("blob: bad key")
	}
	for _, part := range strings.Split(key, "/") {
		if part == "" || part[0] == '.' {
			return errors.New("blob: bad key")
		}
		for _, c := range []byte(part) {
			ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
			if !ok {
				return errors.New("blob: bad key")
			}
		}
	}
	return nil
}
