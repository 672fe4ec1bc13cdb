package interop

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// revocationCase is a signing certificate that says where to ask about it, and
// what is answered there.
type revocationCase struct {
	name string
	// ocsp and crl are what the signer's certificate names.
	ocsp, crl *source
	// authorityCRL is what the intermediate authority's certificate names.
	authorityCRL *source
	fails        bool
	// failsInNotation is a difference that COMPATIBILITY.md explains.
	failsInNotation bool
}

// TestRevocation asks both verifiers about fresh signatures whose certificates
// name OCSP responders and CRLs, the answers of which openssl or Go made.
func TestRevocation(t *testing.T) {
	cases := []revocationCase{
		{name: "OCSP good", ocsp: opensslOCSP("V", withoutCertificates)},
		{name: "OCSP good, with the issuer's certificate", ocsp: opensslOCSP("V"), failsInNotation: true},
		{name: "OCSP revoked", ocsp: opensslOCSP("R", withoutCertificates), fails: true},
		{name: "OCSP unknown", ocsp: opensslOCSP("", withoutCertificates), fails: true},
		{name: "OCSP unreachable", ocsp: nobody, fails: true},
		{name: "OCSP out of order", ocsp: broken, fails: true},
		{name: "OCSP not now", ocsp: tryLater, fails: true},
		{name: "OCSP expired", ocsp: goOCSP(expiredOCSP), fails: true},
		{name: "OCSP by a stranger", ocsp: goOCSP(foreignOCSP), fails: true},
		{name: "OCSP by a delegate", ocsp: goOCSP(delegatedOCSP)},
		{name: "CRL good", crl: opensslCRL("V")},
		{name: "CRL revoked", crl: opensslCRL("R"), fails: true},
		{name: "CRL unreachable", crl: nobody, fails: true},
		{name: "CRL expired", crl: expiredCRL, fails: true},
		{name: "CRL by a stranger", crl: foreignCRL, fails: true},
		{name: "CRL that is none", crl: nonsense, fails: true},
		{name: "OCSP good, CRL revoked", ocsp: opensslOCSP("V", withoutCertificates), crl: opensslCRL("R")},
		{name: "OCSP revoked, CRL good", ocsp: opensslOCSP("R", withoutCertificates), crl: opensslCRL("V"), fails: true},
		{name: "OCSP unknown, CRL good", ocsp: opensslOCSP("", withoutCertificates), crl: opensslCRL("V")},
		{name: "OCSP unreachable, CRL good", ocsp: nobody, crl: opensslCRL("V")},
		{name: "OCSP unreachable, CRL revoked", ocsp: nobody, crl: opensslCRL("R"), fails: true},
		{name: "authority good", authorityCRL: opensslCRL("V")},
		{name: "authority revoked", ocsp: opensslOCSP("V", withoutCertificates), authorityCRL: opensslCRL("R"), fails: true},
	}
	server := registries[0]
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	stranger := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	responder := newResponder(t)

	targets := make([]signedImage, len(cases))
	for i, test := range cases {
		target := pushImage(t, server, "revocation")
		chain := responder.chain(t, test, hierarchy, stranger)
		local, err := signer.NewGenericSigner(hierarchy.SigningKey, chain)
		if err != nil {
			t.Fatal(err)
		}
		notationSign(t, local, target, []string{mediaTypeJWS, mediaTypeCOSE}[i%2], nil)
		targets[i] = withSignature(t, target)
	}
	for _, level := range []string{"strict", "permissive"} {
		t.Run(level, func(t *testing.T) {
			directory := newNotationDir(t, trust{
				storeType:    truststore.TypeCA,
				anchorsDER:   [][]byte{hierarchy.Root.Certificate.Raw},
				identities:   []string{"*"},
				registryHost: server.host,
				level:        level,
			})
			byCountersign := directory.countersignJudges(t, targets)
			for i, test := range cases {
				want := judgementIf(level, "revocation", test.fails)
				expectJudgement(t, test.name+": countersign", byCountersign[targets[i].reference()], want)
				if test.failsInNotation {
					want = judgementIf(level, "revocation", true)
				}
				expectJudgement(t, test.name+": notation-go", directory.notationJudges(t, targets[i].image), want)
			}
		})
	}
}

// chain issues the certificates of a case and serves what is said of them.
func (r *responder) chain(t *testing.T, test revocationCase, hierarchy, stranger certificates.Hierarchy) []*x509.Certificate {
	t.Helper()
	if test.authorityCRL != nil {
		named := *hierarchy.Intermediate.Certificate
		named.SerialNumber = big.NewInt(time.Now().UnixNano())
		serve := r.promise(test.authorityCRL, &named.CRLDistributionPoints)
		issued := hierarchy.Root.Issue(t, &named, hierarchy.Intermediate.Key.Public())
		hierarchy.Intermediate.Certificate = issued
		serve(t, revocationSubject{issued, hierarchy.Root, stranger.Root})
	}
	var serveOCSP, serveCRL func(*testing.T, revocationSubject)
	chain := hierarchy.Chain(t, func(leaf *x509.Certificate) {
		serveOCSP = r.promise(test.ocsp, &leaf.OCSPServer)
		serveCRL = r.promise(test.crl, &leaf.CRLDistributionPoints)
	})
	subject := revocationSubject{chain[0], hierarchy.Intermediate, stranger.Intermediate}
	serveOCSP(t, subject)
	serveCRL(t, subject)
	return chain
}
