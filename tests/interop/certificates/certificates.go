// Package certificates makes keys, and the chains of certificates that they
// sign with, as fresh ones for every run.
package certificates

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

// Kind is one of the six kinds of signing keys that the specification allows.
type Kind struct {
	Name     string
	generate func() (crypto.Signer, error)
}

var Kinds = []Kind{
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

// Authority is a certificate that issues others.
type Authority struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// Hierarchy is a root, an intermediate authority and a signing key, all of
// one kind.
type Hierarchy struct {
	Kind         Kind
	Root         Authority
	Intermediate Authority
	SigningKey   crypto.Signer
}

// NewHierarchies makes one hierarchy per kind; the keys at once, because a
// large RSA key takes seconds.
func NewHierarchies(t testing.TB, kinds []Kind) []Hierarchy {
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

	made := make([]Hierarchy, len(kinds))
	for i, kind := range kinds {
		for _, failure := range failures[each*i : each*(i+1)] {
			if failure != nil {
				t.Fatalf("%s: %v", kind.Name, failure)
			}
		}
		root := Authority{Key: keys[each*i]}
		root.Certificate = root.Issue(t, AuthorityTemplate(kind.Name+" root"), root.Key.Public())
		between := Authority{Key: keys[each*i+1]}
		between.Certificate = root.Issue(t, AuthorityTemplate(kind.Name+" intermediate"), between.Key.Public())
		made[i] = Hierarchy{kind, root, between, keys[each*i+2]}
	}
	return made
}

// Chain issues the signing certificate and puts its issuers behind it. edit
// may change the certificate before it is issued.
func (h Hierarchy) Chain(t testing.TB, edit func(leaf *x509.Certificate)) []*x509.Certificate {
	t.Helper()
	return h.ChainFor(t, h.SigningKey.Public(), edit)
}

// ChainFor is Chain for a key that lies elsewhere.
func (h Hierarchy) ChainFor(t testing.TB, public crypto.PublicKey, edit func(leaf *x509.Certificate)) []*x509.Certificate {
	t.Helper()
	leaf := Template(h.Kind.Name + " signer")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if edit != nil {
		edit(leaf)
	}
	return []*x509.Certificate{
		h.Intermediate.Issue(t, leaf, public),
		h.Intermediate.Certificate,
		h.Root.Certificate,
	}
}

// Issue signs a certificate; one of its own for an authority that has none.
func (a Authority) Issue(t testing.TB, template *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	t.Helper()
	issuer := a.Certificate
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// AuthorityTemplate is Template for a certificate that issues others.
func AuthorityTemplate(commonName string) *x509.Certificate {
	made := Template(commonName)
	made.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	made.IsCA = true
	made.BasicConstraintsValid = true
	return made
}

// Template is valid for some hours around now.
func Template(commonName string) *x509.Certificate {
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
