package interop

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"golang.org/x/crypto/ocsp"
)

// maxQuestionBytes bounds what the responder reads.
const maxQuestionBytes = 64 << 10

// unreachable is an address where nobody listens: the port is reserved, and
// everything is on this machine.
const unreachable = "http://127.0.0.1:1"

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

// source is an address to ask at.
type source struct {
	// answers gives what is said there; where it is nil, nobody listens.
	answers func(t *testing.T, subject revocationSubject) answer
}

var nobody = &source{}

// revocationSubject is whom an answer is about, and who may give it.
type revocationSubject struct {
	certificate *x509.Certificate
	issuer      certificates.Authority
	// foreign is an authority of the same name with another key.
	foreign certificates.Authority
}

// answer is what an HTTP server says to a question.
type answer func(question []byte) (status int, body []byte)

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
		{name: "CRL good", crl: goCRL(nil)},
		{name: "CRL revoked", crl: goCRL(revokedCRL), fails: true},
		{name: "CRL unreachable", crl: nobody, fails: true},
		{name: "CRL expired", crl: goCRL(expiredCRL), fails: true},
		{name: "CRL by a stranger", crl: goCRL(foreignCRL), fails: true},
		{name: "CRL that is none", crl: nonsense, fails: true},
		{name: "OCSP good, CRL revoked", ocsp: opensslOCSP("V", withoutCertificates), crl: goCRL(revokedCRL)},
		{name: "OCSP revoked, CRL good", ocsp: opensslOCSP("R", withoutCertificates), crl: goCRL(nil), fails: true},
		{name: "OCSP unknown, CRL good", ocsp: opensslOCSP("", withoutCertificates), crl: goCRL(nil)},
		{name: "OCSP unreachable, CRL good", ocsp: nobody, crl: goCRL(nil)},
		{name: "OCSP unreachable, CRL revoked", ocsp: nobody, crl: goCRL(revokedCRL), fails: true},
		{name: "authority good", authorityCRL: goCRL(nil)},
		{name: "authority revoked", ocsp: opensslOCSP("V", withoutCertificates), authorityCRL: goCRL(revokedCRL), fails: true},
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

// responder serves the answers, each below a path of its own.
type responder struct {
	address string
	paths   int
	answers sync.Map // of a path without slashes to an answer
}

func newResponder(t *testing.T) *responder {
	t.Helper()
	made := &responder{}
	server := httptest.NewServer(made)
	t.Cleanup(server.Close)
	made.address = server.URL
	return made
}

func (r *responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	path, inPath, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	given, isKnown := r.answers.Load(path)
	if !isKnown {
		http.NotFound(w, request)
		return
	}
	question, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxQuestionBytes))
	if request.Method == http.MethodGet {
		// OCSP's way of asking by GET, RFC 6960 appendix A.
		question, err = base64.StdEncoding.DecodeString(inPath)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, body := given.(answer)(question)
	w.WriteHeader(status)
	_, _ = w.Write(body)
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

// promise puts a source's address into a certificate that is to be issued, and
// returns what serves the answer once the certificate is there.
func (r *responder) promise(from *source, addresses *[]string) func(*testing.T, revocationSubject) {
	if from == nil {
		return func(*testing.T, revocationSubject) {}
	}
	if from.answers == nil {
		*addresses = []string{unreachable}
		return func(*testing.T, revocationSubject) {}
	}
	r.paths++
	path := strconv.Itoa(r.paths)
	*addresses = []string{r.address + "/" + path}
	return func(t *testing.T, subject revocationSubject) {
		r.answers.Store(path, from.answers(t, subject))
	}
}

// says answers every question alike.
func says(status int, body []byte) answer {
	return func([]byte) (int, []byte) { return status, body }
}

var (
	broken   = &source{func(*testing.T, revocationSubject) answer { return says(http.StatusInternalServerError, nil) }}
	tryLater = &source{func(*testing.T, revocationSubject) answer { return says(http.StatusOK, ocsp.TryLaterErrorResponse) }}
	nonsense = &source{func(*testing.T, revocationSubject) answer { return says(http.StatusOK, []byte("no CRL")) }}
)

// withoutCertificates leaves the issuer's certificate out of an answer.
const withoutCertificates = "-resp_no_certs"

// opensslOCSP has `openssl ocsp` answer, whose index says "V" for a valid
// certificate, "R" for a revoked one, and nothing of one that it does not know.
func opensslOCSP(status string, flags ...string) *source {
	return &source{func(t *testing.T, subject revocationSubject) answer {
		directory := t.TempDir()
		path := func(name string) string { return filepath.Join(directory, name) }
		writeFile(t, path("ca.pem"), encodePEM(subject.issuer.Certificate.Raw))
		key, err := x509.MarshalPKCS8PrivateKey(subject.issuer.Key)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
		index := ""
		if status != "" {
			revokedAt := ""
			if status == "R" {
				revokedAt = time.Now().Add(-time.Hour).UTC().Format("060102150405Z")
			}
			index = fmt.Sprintf("%s\t%s\t%s\t%X\tunknown\t/CN=signer\n", status,
				subject.certificate.NotAfter.UTC().Format("060102150405Z"), revokedAt,
				subject.certificate.SerialNumber.Bytes())
		}
		writeFile(t, path("index.txt"), []byte(index))
		return func(question []byte) (int, []byte) {
			answered, err := runOpenSSLOCSP(directory, question, flags)
			if err != nil {
				return http.StatusInternalServerError, []byte(err.Error())
			}
			return http.StatusOK, answered
		}
	}}
}

func runOpenSSLOCSP(directory string, question []byte, flags []string) ([]byte, error) {
	asked, err := os.MkdirTemp(directory, "")
	if err != nil {
		return nil, err
	}
	request, response := filepath.Join(asked, "request"), filepath.Join(asked, "response")
	if err := os.WriteFile(request, question, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem",
		"-rkey", "key.pem", "-ndays", "1", "-reqin", request, "-respout", response}, flags...)
	cmd := exec.Command("openssl", args...)
	cmd.Dir = directory
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("openssl ocsp: %w\n%s", err, said)
	}
	return os.ReadFile(response)
}

// goOCSP makes a good answer, which edit may change; it may also say who gives
// it.
func goOCSP(edit func(*testing.T, revocationSubject, *ocsp.Response) certificates.Authority) *source {
	return &source{func(t *testing.T, subject revocationSubject) answer {
		template := ocsp.Response{
			Status:       ocsp.Good,
			SerialNumber: subject.certificate.SerialNumber,
			ThisUpdate:   time.Now().Add(-2 * time.Hour),
			NextUpdate:   time.Now().Add(time.Hour),
		}
		signer := edit(t, subject, &template)
		encoded, err := ocsp.CreateResponse(subject.issuer.Certificate, signer.Certificate, template, signer.Key)
		if err != nil {
			t.Fatal(err)
		}
		return says(http.StatusOK, encoded)
	}}
}

func expiredOCSP(_ *testing.T, subject revocationSubject, response *ocsp.Response) certificates.Authority {
	response.NextUpdate = time.Now().Add(-time.Hour)
	return subject.issuer
}

func foreignOCSP(_ *testing.T, subject revocationSubject, _ *ocsp.Response) certificates.Authority {
	return subject.foreign
}

// delegatedOCSP is signed by a responder that the issuer made for it, and
// exempted from being asked about itself.
func delegatedOCSP(t *testing.T, subject revocationSubject, response *ocsp.Response) certificates.Authority {
	template := certificates.Template("OCSP responder")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	template.ExtraExtensions = []pkix.Extension{{
		Id:    asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, // id-pkix-ocsp-nocheck
		Value: asn1.NullBytes,
	}}
	key := subject.foreign.Key
	response.Certificate = subject.issuer.Issue(t, template, key.Public())
	return certificates.Authority{Certificate: response.Certificate, Key: key}
}

// goCRL makes an empty list of the issuer's, which edit may change; it may
// also give another issuer.
func goCRL(edit func(revocationSubject, *x509.RevocationList) certificates.Authority) *source {
	return &source{func(t *testing.T, subject revocationSubject) answer {
		template := x509.RevocationList{
			Number:     big.NewInt(7),
			ThisUpdate: time.Now().Add(-2 * time.Hour),
			NextUpdate: time.Now().Add(time.Hour),
		}
		issuer := subject.issuer
		if edit != nil {
			issuer = edit(subject, &template)
		}
		encoded, err := x509.CreateRevocationList(rand.Reader, &template, issuer.Certificate, issuer.Key)
		if err != nil {
			t.Fatal(err)
		}
		return says(http.StatusOK, encoded)
	}}
}

func revokedCRL(subject revocationSubject, list *x509.RevocationList) certificates.Authority {
	list.RevokedCertificateEntries = []x509.RevocationListEntry{{
		SerialNumber:   subject.certificate.SerialNumber,
		RevocationTime: time.Now().Add(-time.Hour),
	}}
	return subject.issuer
}

func expiredCRL(subject revocationSubject, list *x509.RevocationList) certificates.Authority {
	list.NextUpdate = time.Now().Add(-time.Hour)
	return subject.issuer
}

func foreignCRL(subject revocationSubject, _ *x509.RevocationList) certificates.Authority {
	return subject.foreign
}
