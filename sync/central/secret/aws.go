package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
)

// aws says which of AWS's services to ask, and of what.
type aws struct {
	name, region, endpoint string
}

// config is how to reach AWS: credentials from where AWS programs look, the
// region from the store, the name's ARN or the environment.
func (a aws) config(ctx context.Context) (sdk.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(10 * time.Second)),
		config.WithRetryer(func() sdk.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 3) }),
	}
	region := a.region
	if p := strings.Split(a.name, ":"); region == "" && len(p) > 5 && p[0] == "arn" {
		region = p[3]
	}
	if region != "" {
		load = append(load, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, fmt.Errorf("aws: %w", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("aws: no region: add region=, or set AWS_REGION")
	}
	return cfg, nil
}

// failure names what an error of the SDK means to staff. Of an answer that could
// not be read nothing is said: it may hold the key.
func (a aws) failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	var unread *smithy.DeserializationError
	if errors.As(err, &unread) {
		return fmt.Errorf("%s %s: %w: the answer could not be read", doing, a.name, ErrUnavailable)
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s %s: %w: %w", doing, a.name, ErrUnavailable, err)
	}
	switch code := api.ErrorCode(); code {
	case "ResourceNotFoundException":
		return fmt.Errorf("%s %s: %w", doing, a.name, ErrAbsent)
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "IncompleteSignature":
		return fmt.Errorf("%s %s: %w: look at this program's credentials and policy (%s)", doing, a.name, ErrDenied, code)
	case "InvalidCiphertextException", "IncorrectKeyException":
		return fmt.Errorf("%s %s: the blob is of another key, or of another context (%s)", doing, a.name, code)
	default:
		return fmt.Errorf("%s %s: %w", doing, a.name, err)
	}
}
