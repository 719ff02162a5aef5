package secret

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// envelope keeps the master key in a file, as a blob that AWS KMS alone opens,
// for this purpose alone: what the blob is for is bound to it, and shows in
// AWS's own log each time that it is opened. The file is no secret.
type envelope struct {
	aws
	file
	c     *kms.Client
	bound map[string]string
}

func newKMS(ctx context.Context, a aws, blob, centre string) (*envelope, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	if centre == "" {
		centre = "agentid"
	}
	return &envelope{a, file{blob, blob + ".next", blob + ".before", false}, kms.NewFromConfig(cfg, func(o *kms.Options) {
		if a.endpoint != "" {
			o.BaseEndpoint = &a.endpoint
		}
	}), map[string]string{"agentid:purpose": "central master key", "agentid:centre": centre}}, nil
}

// String implements Store.
func (e *envelope) String() string { return e.current + ", opened by KMS key " + e.name }

// Master implements Store.
func (e *envelope) Master(ctx context.Context) ([]byte, error) { return e.open(ctx, e.current) }

// Next implements Store.
func (e *envelope) Next(ctx context.Context) ([]byte, error) { return e.open(ctx, e.next) }

// Create implements Store.
func (e *envelope) Create(ctx context.Context) error { return e.wrap(ctx, e.current) }

// Prepare implements Store.
func (e *envelope) Prepare(ctx context.Context) error { return e.wrap(ctx, e.next) }

// Promote implements Store.
func (e *envelope) Promote(context.Context) error { return e.promote() }

func (e *envelope) open(ctx context.Context, path string) ([]byte, error) {
	blob, err := e.read(path)
	if err != nil {
		return nil, err
	}
	out, err := e.c.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: &e.name, EncryptionContext: e.bound,
		EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault})
	if err != nil {
		return nil, e.failure("open the master key by KMS key", err)
	}
	return sized(out.Plaintext, e.String())
}

// wrap has KMS make a key. It gives the wrapped one alone: the key itself does
// not come here before it is used.
func (e *envelope) wrap(ctx context.Context, path string) error {
	if _, err := e.read(path); err == nil {
		return nil
	}
	out, err := e.c.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: &e.name, EncryptionContext: e.bound, KeySpec: types.DataKeySpecAes256})
	if err != nil {
		return e.failure("make a master key by KMS key", err)
	}
	return e.make(path, out.CiphertextBlob)
}
