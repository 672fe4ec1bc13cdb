package interop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// pluginName is what AWS Signer's signatures name as their verifier.
	pluginName = "com.amazonaws.signer.notation.plugin"
	// storeName is the named trust store of every policy here.
	storeName = "interop"

	mediaTypeJWS  = "application/jose+json"
	mediaTypeCOSE = "application/cose"
)

// trust is what a verifier is told to believe.
type trust struct {
	storeType    truststore.Type
	anchorsDER   [][]byte
	identities   []string
	registryHost string
	// level is "strict" where nothing is said.
	level string
	// scope is every repository where nothing is said.
	scope string
	// timeAuthoritiesDER are the roots of timestamping authorities.
	timeAuthoritiesDER [][]byte
	verifyTimestamp    trustpolicy.TimestampOption
}

// notationDir is a NOTATION_CONFIG directory, which is the NOTATION_LIBEXEC
// directory too.
type notationDir string

// newNotationDir writes the directory as a user would: a policy of one
// statement, its stores, and config.json.
func newNotationDir(t *testing.T, trusted trust) notationDir {
	t.Helper()
	root := t.TempDir()
	policy := trustpolicy.TrustPolicy{
		Name:           "interop",
		RegistryScopes: []string{cmp.Or(trusted.scope, "*")},
		SignatureVerification: trustpolicy.SignatureVerification{
			VerificationLevel: cmp.Or(trusted.level, "strict"),
			VerifyTimestamp:   trusted.verifyTimestamp,
		},
		TrustedIdentities: trusted.identities,
	}
	addStore := func(storeType truststore.Type, anchorsDER [][]byte) {
		if len(anchorsDER) == 0 {
			return
		}
		policy.TrustStores = append(policy.TrustStores, string(storeType)+":"+storeName)
		var file []byte
		for _, anchor := range anchorsDER {
			file = append(file, programs.EncodePEM(anchor)...)
		}
		programs.WriteFile(t, filepath.Join(root, dir.TrustStoreDir, "x509", string(storeType), storeName, "roots.crt"), file)
	}
	addStore(trusted.storeType, trusted.anchorsDER)
	addStore(truststore.TypeTSA, trusted.timeAuthoritiesDER)
	document := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{policy}}
	programs.WriteFile(t, filepath.Join(root, dir.PathTrustPolicy), mustMarshal(t, document))
	directory := notationDir(root)
	directory.writeConfig(t, trusted.registryHost)
	return directory
}

// writeConfig writes the config.json that allows plain HTTP to a registry.
func (d notationDir) writeConfig(t *testing.T, registryHost string) {
	t.Helper()
	programs.WriteFile(t, filepath.Join(string(d), dir.PathConfigFile), mustMarshal(t, map[string]any{
		"insecureRegistries": []string{registryHost},
	}))
}

func (d notationDir) plugins() *plugin.CLIManager {
	return plugin.NewCLIManager(dir.NewSysFS(filepath.Join(string(d), dir.PathPlugins)))
}

// pluginSigner is what `notation sign --plugin NAME --id KEY` signs with.
func (d notationDir) pluginSigner(t *testing.T, name, keyID string) notation.Signer {
	t.Helper()
	found, err := d.plugins().Get(t.Context(), name)
	if err != nil {
		t.Fatalf("notation-go does not find the plugin %s: %v", name, err)
	}
	signer, err := signer.NewFromPlugin(found, keyID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// notationSign signs as `notation sign` does.
func notationSign(t *testing.T, signer notation.Signer, target image, mediaType string, metadata map[string]string) {
	t.Helper()
	_, err := notation.Sign(t.Context(), signer, target.signatures, notation.SignOptions{
		SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: mediaType},
		ArtifactReference: target.reference(),
		UserMetadata:      metadata,
	})
	if err != nil {
		t.Fatalf("notation-go does not sign %s: %v", target.reference(), err)
	}
}

// notationSignWith signs as `notation sign` does with these options.
func notationSignWith(t *testing.T, signer notation.Signer, target image, options notation.SignerSignOptions) {
	t.Helper()
	_, err := notation.Sign(t.Context(), signer, target.signatures, notation.SignOptions{
		SignerSignOptions: options,
		ArtifactReference: target.reference(),
	})
	if err != nil {
		t.Fatalf("notation-go does not sign %s: %v", target.reference(), err)
	}
}

// verdict is what a verifier said, and why.
type verdict struct {
	reason reason
	// detail is what it said in its own words.
	detail string
}

// reason is the class of a verdict: the validation of the specification that
// failed, or what stands in its place.
type reason string

const (
	accepted         reason = "accepted"
	badIntegrity     reason = "integrity"
	badAuthenticity  reason = "authenticity"
	badTimestamp     reason = "authenticTimestamp"
	expired          reason = "expiry"
	revoked          reason = "revocation"
	otherArtifact    reason = "signature of another artifact"
	unsigned         reason = "no signature"
	undecided        reason = "inconclusive"
	noClassifiedFail reason = "unclassified failure"
)

// notationVerify verifies as `notation verify` does.
func (d notationDir) notationVerify(t *testing.T, target image) verdict {
	t.Helper()
	outcomes, err := d.notationOutcomes(t, target, nil)
	if err == nil {
		return verdict{accepted, ""}
	}
	return verdict{classify(outcomes, err), err.Error()}
}

// notationOutcomes verifies as `notation verify` does: the outcome of each
// signature that was looked at, and the answer in the end.
func (d notationDir) notationOutcomes(t *testing.T, target image, metadata map[string]string) ([]*notation.VerificationOutcome, error) {
	t.Helper()
	return d.notationOutcomesCached(t, target, metadata, nil)
}

// notationOutcomesCached is notationOutcomes with CRLs kept in a cache.
func (d notationDir) notationOutcomesCached(t *testing.T, target image, metadata map[string]string, cache crl.Cache) ([]*notation.VerificationOutcome, error) {
	t.Helper()
	document, err := os.ReadFile(filepath.Join(string(d), dir.PathTrustPolicy))
	if err != nil {
		t.Fatal(err)
	}
	var policy trustpolicy.Document
	if err := json.Unmarshal(document, &policy); err != nil {
		t.Fatal(err)
	}
	stores := truststore.NewX509TrustStore(dir.NewSysFS(string(d)))
	inner, err := verifier.NewWithOptions(&policy, stores, d.plugins(), verifier.VerifierOptions{
		RevocationCodeSigningValidator:  revocationValidator(t, purpose.CodeSigning, cache),
		RevocationTimestampingValidator: revocationValidator(t, purpose.Timestamping, cache),
	})
	if err != nil {
		t.Fatal(err)
	}
	recorder := &outcomeRecorder{verifySkipper: inner.(verifySkipper)}
	_, _, err = notation.Verify(t.Context(), recorder, target.signatures, notation.VerifyOptions{
		ArtifactReference:    target.reference(),
		MaxSignatureAttempts: 10,
		UserMetadata:         metadata,
	})
	return recorder.outcomes, err
}

// revocationValidator asks as Notation's command line does, but keeps CRLs in
// the cache alone that it is given, if any.
func revocationValidator(t *testing.T, chains purpose.Purpose, cache crl.Cache) revocation.Validator {
	t.Helper()
	fetcher, err := crl.NewHTTPFetcher(&http.Client{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	fetcher.Cache = cache
	validator, err := revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient:   &http.Client{Timeout: 2 * time.Second},
		CRLFetcher:       fetcher,
		CertChainPurpose: chains,
	})
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

// verifySkipper is what notation.Verify asks for the level "skip".
type verifySkipper interface {
	notation.Verifier
	SkipVerify(context.Context, notation.VerifierVerifyOptions) (bool, *trustpolicy.VerificationLevel, error)
}

// outcomeRecorder keeps the outcome of each signature, which notation.Verify
// drops when none is good.
type outcomeRecorder struct {
	verifySkipper
	outcomes []*notation.VerificationOutcome
}

func (r *outcomeRecorder) Verify(ctx context.Context, descriptor ocispec.Descriptor, signature []byte, options notation.VerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	outcome, err := r.verifySkipper.Verify(ctx, descriptor, signature, options)
	r.outcomes = append(r.outcomes, outcome)
	return outcome, err
}

// classify tells which validation was the first that failed and is enforced.
func classify(outcomes []*notation.VerificationOutcome, err error) reason {
	var retrieval notation.ErrorSignatureRetrievalFailed
	if len(outcomes) == 0 && errors.As(err, &retrieval) && strings.HasPrefix(retrieval.Msg, "no signature is associated with") {
		return unsigned
	}
	for _, outcome := range outcomes {
		if outcome == nil {
			continue
		}
		for _, validation := range outcome.VerificationResults {
			if validation.Error != nil && validation.Action == trustpolicy.ActionEnforce {
				return reason(validation.Type)
			}
		}
		if outcome.Error != nil && strings.HasSuffix(outcome.Error.Error(), "content descriptor mismatch") {
			return otherArtifact
		}
	}
	return noClassifiedFail
}

// expectVerdict fails the test unless the verifier answered for this reason.
func expectVerdict(t *testing.T, who string, got verdict, want reason) {
	t.Helper()
	if got.reason != want {
		t.Errorf("%s: %q, expected %q\n%s", who, got.reason, want, got.detail)
	}
}
