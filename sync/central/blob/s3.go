package blob

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// TicketLife is how long a ticket may be used.
const TicketLife = 15 * time.Minute

// maxSmall bounds what Read takes.
const maxSmall = 1 << 20

// Options say which S3 it is.
type Options struct {
	Endpoint string // empty: Amazon's own
	// Public is the address that kiosks reach the store at, where it differs.
	Public string
	Region string
	// AccessKey and SecretKey; where empty, the usual AWS places are asked.
	AccessKey, SecretKey string
	Timeout              time.Duration // of one request; 10 s where zero
}

// S3 is a Store on any S3.
type S3 struct {
	c       *s3.Client
	presign *s3.PresignClient
	now     func() time.Time
}

// NewS3 makes a store of its options. It asks no network, unless AWS's
// credentials have to be found there.
func NewS3(ctx context.Context, o Options) (*S3, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	load := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(o.Timeout)),
		config.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 2) }),
	}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	client := func(endpoint string) *s3.Client {
		return s3.NewFromConfig(cfg, func(s *s3.Options) {
			if endpoint != "" {
				s.BaseEndpoint, s.UsePathStyle = &endpoint, true
			}
		})
	}
	if o.Public == "" {
		o.Public = o.Endpoint
	}
	return &S3{c: client(o.Endpoint), presign: s3.NewPresignClient(client(o.Public)), now: time.Now}, nil
}

// MakeBuckets makes the buckets where they are not there, with versions kept.
func (s *S3) MakeBuckets(ctx context.Context) error {
	for _, b := range []string{BucketFacial, BucketDetection} {
		in := &s3.CreateBucketInput{Bucket: aws.String(b)}
		if r := s.c.Options().Region; r != "us-east-1" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
		}
		_, err := s.c.CreateBucket(ctx, in)
		var mine *types.BucketAlreadyOwnedByYou
		if err != nil && !errors.As(err, &mine) {
			return fmt.Errorf("make bucket %s: %w", b, failure(err))
		}
		_, err = s.c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(b),
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
		if err != nil {
			return fmt.Errorf("keep versions in %s: %w", b, failure(err))
		}
	}
	return nil
}

// Presign implements Store. Size, type, checksum and If-None-Match are signed:
// another body, or a second one, is refused by the store itself.
func (s *S3) Presign(ctx context.Context, p Put) (Ticket, error) {
	sum := base64.StdEncoding.EncodeToString(p.SHA256[:])
	req, err := s.presign.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(p.Bucket), Key: aws.String(p.Key), ContentType: aws.String(p.Type), ContentLength: aws.Int64(p.Size),
		ChecksumSHA256: aws.String(sum), IfNoneMatch: aws.String("*"),
	}, s3.WithPresignExpires(TicketLife))
	if err != nil {
		return Ticket{}, fmt.Errorf("presign: %w", failure(err))
	}
	t := Ticket{URL: req.URL, Headers: map[string]string{}, Expires: s.now().Add(TicketLife)}
	for name, v := range req.SignedHeader {
		if name = http.CanonicalHeaderKey(name); name != "Host" && len(v) == 1 {
			t.Headers[name] = v[0]
		}
	}
	t.Headers["Content-Length"] = strconv.FormatInt(p.Size, 10)
	t.Headers["Content-Type"] = p.Type
	return t, nil
}

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, bucket, key string) (Object, error) {
	h, err := s.c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return Object{}, fmt.Errorf("stat object: %w", failure(err))
	}
	o := Object{Size: aws.ToInt64(h.ContentLength), Type: aws.ToString(h.ContentType)}
	sum, err := base64.StdEncoding.DecodeString(aws.ToString(h.ChecksumSHA256))
	if err != nil || len(sum) != len(o.SHA256) {
		return Object{}, fmt.Errorf("stat object: no sha-256 of it: %w", ErrUnavailable)
	}
	copy(o.SHA256[:], sum)
	return o, nil
}

// Erase implements Store.
func (s *S3) Erase(ctx context.Context, bucket, key string) (int, error) {
	n := 0
	pages := s3.NewListObjectVersionsPaginator(s.c, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, fmt.Errorf("list versions: %w", failure(err))
		}
		var ids []types.ObjectIdentifier
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key {
				ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
			}
		}
		versions := len(ids)
		for _, m := range page.DeleteMarkers {
			if aws.ToString(m.Key) == key {
				ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
			}
		}
		for _, id := range ids {
			if _, err := s.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: id.Key, VersionId: id.VersionId}); err != nil {
				return n, fmt.Errorf("delete version: %w", failure(err))
			}
		}
		n += versions
	}
	return n, nil
}

// Write implements Store.
func (s *S3) Write(ctx context.Context, bucket, key string, content []byte) error {
	_, err := s.c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content),
		ContentType: aws.String("application/json"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	if err != nil {
		return fmt.Errorf("write object: %w", failure(err))
	}
	return nil
}

// Read implements Store.
func (s *S3) Read(ctx context.Context, bucket, key string) ([]byte, error) {
	o, err := s.c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read object: %w", failure(err))
	}
	defer o.Body.Close()
	content, err := io.ReadAll(io.LimitReader(o.Body, maxSmall+1))
	if err != nil {
		return nil, fmt.Errorf("read object: %w: %w", ErrUnavailable, err)
	}
	if len(content) > maxSmall {
		return nil, fmt.Errorf("read object: more than %d bytes", maxSmall)
	}
	return content, nil
}

// List implements Store.
func (s *S3) List(ctx context.Context, bucket, prefix string, with func(key string) error) error {
	pages := s3.NewListObjectsV2Paginator(s.c, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list objects: %w", failure(err))
		}
		for _, o := range page.Contents {
			if err := with(aws.ToString(o.Key)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Ready implements Store.
func (s *S3) Ready(ctx context.Context) error {
	for _, b := range []string{BucketFacial, BucketDetection} {
		if _, err := s.c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(b)}); err != nil {
			return fmt.Errorf("bucket %s: %w", b, failure(err))
		}
	}
	return nil
}

// failure names what an error of the SDK means. Its text may hold addresses,
// and never a secret.
func failure(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound", "NoSuchVersion":
			return ErrAbsent
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
