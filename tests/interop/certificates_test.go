package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"
)

// keyKind is one of the six kinds of signing keys that the specification allows.
type keyKind struct {
	name     string
	generate func() (crypto.Signer, error)
}

var keyKinds = []keyKind{
	{"RSA-2048", rsaKey(2048)},
	{"RSA-3072", rsaKey(3072)},
	{"RSA-4096", rsaKey(4096)},
	{"P-256", ecdsaKey(elliptic.P256())},
	{"P-384", ecdsaKey(elliptic.P384())},
	{"P-521", ecdsaKey(elliptic.P521())},
}

func rsaKey(bits int) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
}

func ecdsaKey(curve elliptic.Curve) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

// authority is a certificate that issues others.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// hierarchy is a root, an intermediate authority and a signing key, all of
// one kind.
type hierarchy struct {
	kind         keyKind
	root         authority
	intermediate authority
	signingKey   crypto.Signer
}

// newHierarchies makes one hierarchy per kind; the keys at once, because a
// large RSA key takes seconds.
func newHierarchies(t *testing.T, kinds []keyKind) []hierarchy {
	t.Helper()
	const each = 3
	keys := make([]crypto.Signer, each*len(kinds))
	failures := make([]error, len(keys))
	var pending sync.WaitGroup
	for i := range keys {
		pending.Add(1)
		go func() {
			defer pending.Done()
			keys[i], failures[i] = kinds[i/each].generate()
		}()
	}
	pending.Wait()

	made := make([]hierarchy, len(kinds))
	for i, kind := range kinds {
		for _, failure := range failures[each*i : each*(i+1)] {
			if failure != nil {
				t.Fatalf("%s: %v", kind.name, failure)
			}
		}
		root := authority{nil, keys[each*i]}
		root.certificate = root.issue(t, authorityTemplate(kind.name+" root"), root.key.Public())
		between := authority{nil, keys[each*i+1]}
		between.certificate = root.issue(t, authorityTemplate(kind.name+" intermediate"), between.key.Public())
		made[i] = hierarchy{kind, root, between, keys[each*i+2]}
	}
	return made
}

// chain issues the signing certificate and puts its issuers behind it. edit
// may change the certificate before it is issued.
func (h hierarchy) chain(t *testing.T, edit func(leaf *x509.Certificate)) []*x509.Certificate {
	t.Helper()
	leaf := template(h.kind.name + " signer")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if edit != nil {
		edit(leaf)
	}
	return []*x509.Certificate{
		h.intermediate.issue(t, leaf, h.signingKey.Public()),
		h.intermediate.certificate,
		h.root.certificate,
	}
}

// issue signs a certificate; one of its own for an authority that has none.
func (a authority) issue(t *testing.T, template *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	t.Helper()
	issuer := a.certificate
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func authorityTemplate(commonName string) *x509.Certificate {
	made := template(commonName)
	made.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	made.IsCA = true
	made.BasicConstraintsValid = true
	return made
}

// template is valid for some hours around now.
func template(commonName string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			CommonName:   commonName,
			Organization: []string{"Interop"},
			Province:     []string{"WA"},
			Country:      []string{"US"},
		},
		NotBefore: time.Now().Add(-6 * time.Hour),
		NotAfter:  time.Now().Add(6 * time.Hour),
	}
}
