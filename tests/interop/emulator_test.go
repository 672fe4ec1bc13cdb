package interop

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/aws/aws-sdk-go-v2/service/signer/types"
)

const notationPlatform = "Notation-OCI-SHA384-ECDSA"

// threeDaysAgo lets the emulator's clock go three days late meanwhile.
func threeDaysAgo(t *testing.T, meanwhile func()) {
	t.Helper()
	setEmulatorClock(t, -72*time.Hour)
	defer setEmulatorClock(t, 0)
	meanwhile()
}

func setEmulatorClock(t *testing.T, offset time.Duration) {
	t.Helper()
	askEmulator(t, http.MethodPut, "/_emulator/clock", fmt.Sprintf(`{"offset_seconds": %d}`, int64(offset.Seconds())))
}

// withFault lets calls of an operation go wrong meanwhile, in one of the ways
// that the emulator's README names.
func withFault(t *testing.T, operation, fault string, meanwhile func()) {
	t.Helper()
	askEmulator(t, http.MethodPost, "/_emulator/faults", fmt.Sprintf(`{"operation": %q, "fault": %q}`, operation, fault))
	defer askEmulator(t, http.MethodDelete, "/_emulator/faults", "")
	meanwhile()
}

func askEmulator(t *testing.T, method, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, emulator.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		t.Fatalf("the emulator answers %s %s with %s: %s", method, path, response.Status, answer)
	}
}

// signerAPI is AWS's own SDK, configured by the environment alone.
func signerAPI(t *testing.T) *signer.Client {
	t.Helper()
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signer.NewFromConfig(configuration)
}

// signingProfile is an AWS Signer signing profile.
type signingProfile struct {
	name    string
	version string
	arn     string
}

// longestMonths is how long signatures last where a profile does not say.
const longestMonths = 135

// createProfile creates a signing profile of its own for a case: AWS Signer
// never gives a name twice.
func createProfile(t *testing.T) signingProfile {
	t.Helper()
	return putProfile(t, types.SignatureValidityPeriod{Type: types.ValidityTypeMonths, Value: longestMonths})
}

// createProfileValidFor creates a profile whose signatures last some days.
func createProfileValidFor(t *testing.T, days int32) signingProfile {
	t.Helper()
	return putProfile(t, types.SignatureValidityPeriod{Type: types.ValidityTypeDays, Value: days})
}

func putProfile(t *testing.T, validity types.SignatureValidityPeriod) signingProfile {
	t.Helper()
	name := "interop_" + strings.ToLower(rand.Text())
	created, err := signerAPI(t).PutSigningProfile(t.Context(), &signer.PutSigningProfileInput{
		ProfileName:             aws.String(name),
		PlatformId:              aws.String(notationPlatform),
		SignatureValidityPeriod: &validity,
	})
	if err != nil {
		t.Fatalf("creating a signing profile: %v", err)
	}
	return signingProfile{name, aws.ToString(created.ProfileVersion), aws.ToString(created.Arn)}
}

func (p signingProfile) revoke(t *testing.T) {
	t.Helper()
	_, err := signerAPI(t).RevokeSigningProfile(t.Context(), &signer.RevokeSigningProfileInput{
		ProfileName:    aws.String(p.name),
		ProfileVersion: aws.String(p.version),
		EffectiveTime:  aws.Time(time.Now().Add(-time.Hour)),
		Reason:         aws.String("interop"),
	})
	if err != nil {
		t.Fatalf("revoking the signing profile: %v", err)
	}
}

// revokeJob revokes what one signing job made.
func revokeJob(t *testing.T, jobARN string) {
	t.Helper()
	_, err := signerAPI(t).RevokeSignature(t.Context(), &signer.RevokeSignatureInput{
		JobId:  aws.String(jobARN[strings.LastIndex(jobARN, "/")+1:]),
		Reason: aws.String("interop"),
	})
	if err != nil {
		t.Fatalf("revoking the signing job: %v", err)
	}
}
