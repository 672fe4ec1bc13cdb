package interop

import (
	"crypto/x509"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/signer"
	notationcrl "github.com/notaryproject/notation-go/verifier/crl"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// slowAnswer is less than what verifiers have for OCSP.
const slowAnswer = 700 * time.Millisecond

// signedBy is an image with a signature by this chain, and a directory that
// trusts its root.
func signedBy(t *testing.T, hierarchy certificates.Hierarchy, chain []*x509.Certificate) (notationDir, signedImage) {
	t.Helper()
	server := registries[0]
	target := pushImage(t, server, "revocation-time")
	local, err := signer.NewGenericSigner(hierarchy.SigningKey, chain)
	if err != nil {
		t.Fatal(err)
	}
	notationSign(t, local, target, mediaTypeJWS, nil)
	directory := newNotationDir(t, trust{
		storeType:    truststore.TypeCA,
		anchorsDER:   [][]byte{hierarchy.Root.Certificate.Raw},
		identities:   []string{"*"},
		registryHost: server.host,
	})
	return directory, withSignature(t, target)
}

// TestRevocationIsAskedAtOnce: a chain of three certificates that can be
// revoked takes as long as the slowest answer, not as long as all together.
// The counts of the responder say so; what the clock says is reported.
func TestRevocationIsAskedAtOnce(t *testing.T) {
	hierarchies := certificates.NewHierarchies(t, certificates.Kinds[3:5])
	hierarchy, other := hierarchies[0], hierarchies[1]
	responder := newResponder(t)
	answered := func(template *x509.Certificate, issuer certificates.Authority, issue func() *x509.Certificate) *x509.Certificate {
		say := responder.place(&template.OCSPServer)
		issued := issue()
		say(t, opensslOCSP("V", withoutCertificates), revocationSubject{certificate: issued, issuer: issuer})
		return issued
	}
	authority := func(name string, issuer certificates.Authority, own certificates.Authority) certificates.Authority {
		template := certificates.AuthorityTemplate(name)
		own.Certificate = answered(template, issuer, func() *x509.Certificate {
			return issuer.Issue(t, template, own.Key.Public())
		})
		return own
	}
	upper := authority("upper", hierarchy.Root, other.Intermediate)
	lower := authority("lower", upper, hierarchy.Intermediate)
	leaf := certificates.Template("signer")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	signing := answered(leaf, lower, func() *x509.Certificate { return lower.Issue(t, leaf, hierarchy.SigningKey.Public()) })
	directory, target := signedBy(t, hierarchy, []*x509.Certificate{
		signing, lower.Certificate, upper.Certificate, hierarchy.Root.Certificate,
	})

	verifiers := map[string]func() verdict{
		"notation-go": func() verdict { return directory.notationVerify(t, target.image) },
		"countersign": func() verdict { return directory.countersignVerify(t, target.image) },
	}
	for who, verify := range verifiers {
		responder.expect(3, 0)
		expectVerdict(t, who, verify(), accepted)
		if asked, most := responder.counts(); asked != 3 || most != 3 {
			t.Errorf("%s asked %d times, %d at once, expected 3 at once", who, asked, most)
		}
		timed := func(delay time.Duration) time.Duration {
			responder.expect(0, delay)
			started := time.Now()
			expectVerdict(t, who, verify(), accepted)
			return time.Since(started)
		}
		fast, slow := timed(0), timed(slowAnswer)
		t.Logf("%s: %s when answers come at once, %s when each takes %s: %.1f answers' time longer, 3 if asked one after another",
			who, fast, slow, slowAnswer, float64(slow-fast)/float64(slowAnswer))
	}
}

// TestOCSPAndCRLAreAskedAtOnce: while the responder takes its time, the list
// that is needed without it is asked for. Only countersign does so.
func TestOCSPAndCRLAreAskedAtOnce(t *testing.T) {
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	responder := newResponder(t)
	test := revocationCase{ocsp: opensslOCSP("V", withoutCertificates), crl: opensslCRL("V")}
	directory, target := signedBy(t, hierarchy, responder.chain(t, test, hierarchy, hierarchy))
	responder.expect(2, 0)
	expectVerdict(t, "countersign", directory.countersignVerify(t, target.image), accepted)
	if asked, most := responder.counts(); asked != 2 || most != 2 {
		t.Errorf("asked %d times, %d at once, expected 2 at once", asked, most)
	}
}

// TestSlowRevocation asks responders that never answer: after Notation's two
// seconds both verifiers know nothing, or go on to the list.
func TestSlowRevocation(t *testing.T) {
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	responder := newResponder(t)
	// All at once: the time is spent waiting.
	var waiting sync.WaitGroup
	for _, test := range []struct {
		revocationCase
		byNotation, byCountersign reason
	}{
		{revocationCase{name: "OCSP slow", ocsp: slow}, revoked, undecided},
		{revocationCase{name: "OCSP slow, CRL good", ocsp: slow, crl: opensslCRL("V")}, accepted, accepted},
		{revocationCase{name: "OCSP slow, CRL revoked", ocsp: slow, crl: opensslCRL("R")}, revoked, revoked},
	} {
		directory, target := signedBy(t, hierarchy, responder.chain(t, test.revocationCase, hierarchy, hierarchy))
		waiting.Add(2)
		go func() {
			defer waiting.Done()
			expectVerdict(t, test.name+": notation-go", directory.notationVerify(t, target.image), test.byNotation)
		}()
		go func() {
			defer waiting.Done()
			expectVerdict(t, test.name+": countersign", directory.countersignVerify(t, target.image), test.byCountersign)
		}()
	}
	waiting.Wait()
}

// TestRevocationCache: what was answered once is not asked again. Notation
// keeps CRLs, countersign keeps them in the same files, and OCSP's answers too.
func TestRevocationCache(t *testing.T) {
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	responder := newResponder(t)
	test := revocationCase{ocsp: opensslOCSP("V", withoutCertificates), authorityCRL: opensslCRL("V")}
	directory, target := signedBy(t, hierarchy, responder.chain(t, test, hierarchy, hierarchy))
	expectQuestions := func(who string, want int, verify func() verdict) {
		t.Helper()
		responder.expect(0, 0)
		expectVerdict(t, who, verify(), accepted)
		if asked, _ := responder.counts(); asked != want {
			t.Errorf("%s asked %d times, expected %d", who, asked, want)
		}
	}
	verifiers := func(t *testing.T) (byCountersign, byNotation func() verdict) {
		root := t.TempDir()
		var cache crl.Cache
		cache, err := notationcrl.NewFileCache(filepath.Join(root, dir.PathCRLCache))
		if err != nil {
			t.Fatal(err)
		}
		byCountersign = func() verdict {
			return verdictOf(target.image, directory.countersignCached(t, root, "verify", target.reference()))
		}
		byNotation = func() verdict {
			outcomes, err := directory.notationOutcomesCached(t, target.image, nil, cache)
			if err != nil {
				return verdict{classify(outcomes, err), err.Error()}
			}
			return verdict{accepted, ""}
		}
		return byCountersign, byNotation
	}

	byCountersign, byNotation := verifiers(t)
	expectQuestions("countersign, cold", 2, byCountersign)
	expectQuestions("countersign, warm", 0, byCountersign)
	expectQuestions("notation-go after countersign: OCSP", 1, byNotation)

	byCountersign, byNotation = verifiers(t)
	expectQuestions("notation-go, cold", 2, byNotation)
	expectQuestions("countersign after notation-go: OCSP", 1, byCountersign)
}
