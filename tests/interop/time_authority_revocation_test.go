package interop

import (
	"crypto/x509"
	"strings"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// TestTimeAuthorityRevocation stamps by sigstore's authority while nothing is
// said against it, and asks both verifiers after something is; then nobody
// signs with its timestamps any more.
func TestTimeAuthorityRevocation(t *testing.T) {
	type answerCase struct {
		name string
		says *source
		// refusedCode is how countersign ends, 0 where it accepts.
		refusedCode int
	}
	for protocol, cases := range map[string][]answerCase{
		"OCSP": {
			{"good", opensslOCSP("V", withoutCertificates), 0},
			{"unknown", opensslOCSP("", withoutCertificates), exitUndecided},
			{"expired", goOCSP(expiredOCSP), exitUndecided},
			{"unreachable", hangsUp, exitUndecided},
			{"revoked", opensslOCSP("R", withoutCertificates), exitRefused},
		},
		"CRL": {
			{"good", opensslCRL("V"), 0},
			{"expired", expiredCRL, exitUndecided},
			{"unreachable", hangsUp, exitUndecided},
			{"revoked", opensslCRL("R"), exitRefused},
		},
	} {
		t.Run(protocol, func(t *testing.T) {
			responder := newResponder(t)
			stranger := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
			var subject revocationSubject
			var say func(*testing.T, *source, revocationSubject)
			authority := programs.StartTimeAuthority(t, func(leaf *x509.Certificate, root certificates.Authority) func(*x509.Certificate) {
				addresses := &leaf.OCSPServer
				if protocol == "CRL" {
					addresses = &leaf.CRLDistributionPoints
				}
				say = responder.place(addresses)
				return func(issued *x509.Certificate) { subject = revocationSubject{issued, root, stranger.Root} }
			})
			say(t, cases[0].says, subject)
			scene := newStampedScene(t, authority)
			var stamped []signedImage
			for _, sign := range []func(*testing.T, image) string{scene.signByCountersign, scene.signByNotation} {
				target := pushImage(t, registries[0], "time-authority")
				if refusal := sign(t, target); refusal != "" {
					t.Fatalf("not signed: %s", refusal)
				}
				stamped = append(stamped, withSignature(t, target))
			}
			for _, test := range cases {
				say(t, test.says, subject)
				byCountersign := scene.directory.countersignJudgesEnding(t, test.refusedCode, stamped)
				for _, target := range stamped {
					want := judgementIf("strict", string(badTimestamp), test.refusedCode != 0)
					expectJudgement(t, test.name+": notation-go", scene.directory.notationJudges(t, target.image), want)
					expectJudgement(t, test.name+": countersign", byCountersign[target.reference()], want)
				}
			}
			// It is revoked now.
			target := pushImage(t, registries[0], "time-authority")
			for who, refusal := range map[string]string{
				"countersign": scene.signByCountersign(t, target),
				"notation-go": scene.signByNotation(t, target),
			} {
				if !strings.Contains(refusal, "timestamping certificate with subject") || !strings.Contains(refusal, "is revoked") {
					t.Errorf("%s, by a revoked authority: %q", who, refusal)
				}
			}
			expectVerdict(t, "notation-go", scene.directory.notationVerify(t, target), unsigned)
		})
	}
}

// stampedScene is a signing key, and an authority that stamps all that it
// signs; the directory demands both.
type stampedScene struct {
	directory notationDir
	hierarchy certificates.Hierarchy
	chain     []*x509.Certificate
	authority *programs.TimeAuthority
}

func newStampedScene(t *testing.T, authority *programs.TimeAuthority) stampedScene {
	t.Helper()
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	directory := newNotationDir(t, trust{
		storeType:          truststore.TypeCA,
		anchorsDER:         [][]byte{hierarchy.Root.Certificate.Raw},
		identities:         []string{"*"},
		registryHost:       registries[0].host,
		timeAuthoritiesDER: [][]byte{authority.Root.Raw},
		verifyTimestamp:    trustpolicy.OptionAlways,
	})
	chain := hierarchy.Chain(t, nil)
	keyPath, chainPath := programs.WriteKey(t, t.TempDir(), hierarchy.SigningKey, chain)
	if ran := directory.countersign(t, "key", "add", "--key-file", keyPath, "--certificates", chainPath, "stamped"); ran.ExitCode != 0 {
		t.Fatalf("countersign key add: %s", ran)
	}
	return stampedScene{directory, hierarchy, chain, authority}
}

// signByCountersign returns why it does not sign, or nothing.
func (s stampedScene) signByCountersign(t *testing.T, target image) string {
	t.Helper()
	ran := s.directory.countersign(t, "sign", target.reference(), "--key", "stamped", "--signature-format", "cose",
		"--timestamp-url", s.authority.Address, "--timestamp-root-cert", s.authority.RootPath)
	if ran.ExitCode == 0 {
		return ""
	}
	return ran.String()
}

// signByNotation returns why it does not sign, or nothing.
func (s stampedScene) signByNotation(t *testing.T, target image) string {
	t.Helper()
	local, err := signer.NewGenericSigner(s.hierarchy.SigningKey, s.chain)
	if err != nil {
		t.Fatal(err)
	}
	options := notation.SignerSignOptions{
		SignatureMediaType:     mediaTypeJWS,
		TSARevocationValidator: revocationValidator(t, purpose.Timestamping, nil),
	}
	s.authority.Stamp(t, &options)
	_, err = notation.Sign(t.Context(), local, target.signatures, notation.SignOptions{
		SignerSignOptions: options,
		ArtifactReference: target.reference(),
	})
	if err != nil {
		return err.Error()
	}
	return ""
}
