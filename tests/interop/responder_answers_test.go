package interop

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"golang.org/x/crypto/ocsp"
)

// says answers every question alike.
func says(status int, body []byte) answer {
	return func([]byte) (int, []byte) { return status, body }
}

// noStatus is for connections that end without an answer.
const noStatus = 0

var (
	hangsUp = &source{func(*testing.T, revocationSubject) answer { return says(noStatus, nil) }}
	// slow answers nobody who has as much patience as Notation.
	slow = &source{func(t *testing.T, _ revocationSubject) answer {
		over := t.Context().Done()
		return func([]byte) (int, []byte) {
			<-over
			return noStatus, nil
		}
	}}
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
		directory := opensslDirectory(t, subject.issuer, subject.certificate, status)
		return func(question []byte) (int, []byte) {
			answered, err := runOpenSSLOCSP(directory, question, flags)
			if err != nil {
				return http.StatusInternalServerError, []byte(err.Error())
			}
			return http.StatusOK, answered
		}
	}}
}

// opensslDirectory has what OpenSSL's small authority works with: certificate
// and key, and an index that gives one certificate this status.
func opensslDirectory(t *testing.T, issuer certificates.Authority, certificate *x509.Certificate, status string) string {
	t.Helper()
	directory := t.TempDir()
	path := func(name string) string { return filepath.Join(directory, name) }
	programs.WriteFile(t, path("ca.pem"), programs.EncodePEM(issuer.Certificate.Raw))
	key, err := x509.MarshalPKCS8PrivateKey(issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	index := ""
	if status != "" {
		revokedAt := ""
		if status == "R" {
			revokedAt = time.Now().Add(-time.Hour).UTC().Format("060102150405Z")
		}
		index = fmt.Sprintf("%s\t%s\t%s\t%X\tunknown\t/CN=signer\n", status,
			certificate.NotAfter.UTC().Format("060102150405Z"), revokedAt, certificate.SerialNumber.Bytes())
	}
	programs.WriteFile(t, path("index.txt"), []byte(index))
	programs.WriteFile(t, path("crlnumber"), []byte("07\n"))
	programs.WriteFile(t, path("ca.cnf"), []byte(`[ca]
default_ca = interop
[interop]
database = index.txt
crlnumber = crlnumber
default_md = sha384
`))
	return directory
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

// opensslCRL is the list that `openssl ca` makes of an index as opensslOCSP's.
func opensslCRL(status string) *source {
	return &source{func(t *testing.T, subject revocationSubject) answer {
		return says(http.StatusOK, runOpenSSLCA(t, subject.issuer, subject.certificate, status, time.Now().Add(time.Hour)))
	}}
}

var (
	expiredCRL = &source{func(t *testing.T, subject revocationSubject) answer {
		return says(http.StatusOK, runOpenSSLCA(t, subject.issuer, subject.certificate, "V", time.Now().Add(-time.Hour)))
	}}
	foreignCRL = &source{func(t *testing.T, subject revocationSubject) answer {
		return says(http.StatusOK, runOpenSSLCA(t, subject.foreign, subject.certificate, "V", time.Now().Add(time.Hour)))
	}}
)

// runOpenSSLCA makes a list, in DER, that is good until then.
func runOpenSSLCA(t *testing.T, issuer certificates.Authority, certificate *x509.Certificate, status string, nextUpdate time.Time) []byte {
	t.Helper()
	directory := opensslDirectory(t, issuer, certificate, status)
	const format = "20060102150405Z"
	for _, args := range [][]string{
		{"ca", "-gencrl", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "key.pem", "-out", "list.pem",
			"-crl_lastupdate", time.Now().Add(-2 * time.Hour).UTC().Format(format),
			"-crl_nextupdate", nextUpdate.UTC().Format(format)},
		{"crl", "-in", "list.pem", "-outform", "DER", "-out", "list.crl"},
	} {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = directory
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, said)
		}
	}
	list, err := os.ReadFile(filepath.Join(directory, "list.crl"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
