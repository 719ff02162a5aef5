package secret

import (
	"context"
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// The labels that Secrets Manager gives to versions of a secret. It keeps the one
// before as AWSPREVIOUS by itself.
const (
	current = "AWSCURRENT"
	pending = "AWSPENDING"
)

// manager keeps the master key as a binary secret in AWS Secrets Manager.
type manager struct {
	aws
	c *secretsmanager.Client
}

func newManager(ctx context.Context, a aws) (*manager, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return &manager{a, secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) {
		if a.endpoint != "" {
			o.BaseEndpoint = &a.endpoint
		}
	})}, nil
}

// String implements Store.
func (m *manager) String() string { return "Secrets Manager as " + m.name }

// Master implements Store.
func (m *manager) Master(ctx context.Context) ([]byte, error) {
	_, key, err := m.get(ctx, current)
	return key, err
}

// Next implements Store.
func (m *manager) Next(ctx context.Context) ([]byte, error) {
	_, key, err := m.get(ctx, pending)
	return key, err
}

func (m *manager) get(ctx context.Context, stage string) (version string, key []byte, err error) {
	v, err := m.c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &m.name, VersionStage: &stage})
	if err != nil {
		return "", nil, m.failure("read secret", err)
	}
	key, err = sized(v.SecretBinary, m.String())
	return sdk.ToString(v.VersionId), key, err
}

// Create implements Store.
func (m *manager) Create(ctx context.Context) error {
	if _, err := m.Master(ctx); !errors.Is(err, ErrAbsent) {
		return err
	}
	_, err := m.c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &m.name, SecretBinary: random(),
		Description: sdk.String("Agent ID central: the master key. Never delete it while the database is in use.")})
	var there *types.ResourceExistsException
	if errors.As(err, &there) {
		// Another was quicker, or it is there without a value.
		_, err := m.Master(ctx)
		return err
	}
	return m.failure("make secret", err)
}

// Prepare implements Store.
func (m *manager) Prepare(ctx context.Context) error {
	version, _, err := m.get(ctx, pending)
	if err == nil {
		// Some leave the label on the version that they have promoted.
		now, _, err := m.get(ctx, current)
		if err != nil || now != version {
			return err
		}
	} else if !errors.Is(err, ErrAbsent) {
		return err
	}
	_, err = m.c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &m.name, SecretBinary: random(), VersionStages: []string{pending}})
	return m.failure("make the next version of secret", err)
}

// Promote implements Store.
func (m *manager) Promote(ctx context.Context) error {
	next, _, err := m.get(ctx, pending)
	if err != nil {
		return err
	}
	now, _, err := m.get(ctx, current)
	if err != nil {
		return err
	}
	move := func(stage string, to, from *string) error {
		_, err := m.c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: &m.name, VersionStage: &stage, MoveToVersionId: to, RemoveFromVersionId: from})
		return m.failure("promote a version of secret", err)
	}
	if now != next {
		if err := move(current, &next, &now); err != nil {
			return err
		}
	}
	return move(pending, nil, &next)
}
