package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// TestDriverAlone shows, without a program of ours, that the driver signs,
// verifies, tampers and classifies: otherwise the other tests prove little.
func TestDriverAlone(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		local, certificate := localSigner(t)
		directory := newNotationDir(t, trust{
			storeType:    truststore.TypeCA,
			anchorsDER:   [][]byte{certificate.Raw},
			identities:   []string{"*"},
			registryHost: server.host,
		})

		unsignedImage := pushImage(t, server, "driver/unsigned")
		expectVerdict(t, "notation-go", directory.notationVerify(t, unsignedImage), unsigned)

		for _, mediaType := range []string{mediaTypeJWS, mediaTypeCOSE} {
			target := pushImage(t, server, "driver/signed")
			notationSign(t, local, target, mediaType, nil)
			expectVerdict(t, "notation-go", directory.notationVerify(t, target), accepted)
		}

		source := pushImage(t, server, "driver/source")
		notationSign(t, local, source, mediaTypeJWS, nil)
		for _, attack := range envelopeAttacks {
			t.Run(attack.name, func(t *testing.T) {
				target := attack.apply(t, server, source)
				expectVerdict(t, "notation-go", directory.notationVerify(t, target), attack.want)
			})
		}
	})
}

// localSigner makes a key and a self-signed certificate that signs code.
func localSigner(t *testing.T) (notation.Signer, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := selfSigned(t, key, x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	local, err := signer.New(key, []*x509.Certificate{certificate})
	if err != nil {
		t.Fatal(err)
	}
	return local, certificate
}

// foreignRoot makes a root that signed nothing.
func foreignRoot(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return selfSigned(t, key, x509.Certificate{
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	})
}

func selfSigned(t *testing.T, key *ecdsa.PrivateKey, template x509.Certificate) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{
		CommonName:   "countersign.test",
		Organization: []string{"Interop"},
		Province:     []string{"WA"},
		Country:      []string{"US"},
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
