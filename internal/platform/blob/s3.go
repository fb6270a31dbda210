package blob

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 is a Store in a bucket of any S3-compatible service.
type S3 struct {
	client *minio.Client
	bucket string
}

func openS3(ctx context.Context, where string) (*S3, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, fmt.Errorf("blob: the S3 address cannot be read: %w", err)
	}
	password, _ := u.User.Password()
	bucket := strings.Trim(u.Path, "/")
	if bucket == "" || u.Host == "" {
		return nil, fmt.Errorf("blob: the S3 address must name a host and a bucket: s3://KEY:SECRET@host/bucket")
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(u.User.Username(), password, ""),
		Secure: u.Query().Get("insecure") != "1",
		Region: u.Query().Get("region"),
	})
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	ok, err := c.BucketExists(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("blob: the S3 service does not answer: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("blob: there is no bucket %q", bucket)
	}
	return &S3{client: c, bucket: bucket}, nil
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := s.client.PutObject(ctx, s.bucket, key, r, size, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return fmt.Errorf("blob: put %s: %w", key, err)
	}
	return nil
}

// Get implements Store.
func (s *S3) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(key); err != nil {
		return nil, Info{}, ErrNotFound
	}
	o, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, fmt.Errorf("blob: get %s: %w", key, err)
	}
	st, err := o.Stat()
	if err != nil {
		o.Close()
		if minio.ToErrorResponse(err).Code == "NoSuchKey" {
			return nil, Info{}, ErrNotFound
		}
		return nil, Info{}, fmt.Errorf("blob: get %s: %w", key, err)
	}
	return o, Info{Key: key, Size: st.Size}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("blob: delete %s: %w", key, err)
	}
	return nil
}

// Walk implements Store.
func (s *S3) Walk(ctx context.Context, prefix string, fn func(Info) error) error {
	ctx, cancel := context.WithCancel(ctx) // stops the listing when fn does
	defer cancel()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("blob: list: %w", o.Err)
		}
		if err := fn(Info{Key: o.Key, Size: o.Size}); err != nil {
			return err
		}
	}
	return nil
}
