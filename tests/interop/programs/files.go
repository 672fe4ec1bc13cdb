package programs

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// WriteFile writes a file for its owner alone, and the directories that lack.
func WriteFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// EncodePEM is a certificate as PEM.
func EncodePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// WriteKey writes key.pem and chain.pem into a directory.
func WriteKey(t testing.TB, directory string, key crypto.Signer, chain []*x509.Certificate) (keyPath, chainPath string) {
	t.Helper()
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyPath, chainPath = filepath.Join(directory, "key.pem"), filepath.Join(directory, "chain.pem")
	WriteFile(t, keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	WriteChain(t, chainPath, chain)
	return keyPath, chainPath
}

// WriteChain writes certificates one after the other.
func WriteChain(t testing.TB, path string, chain []*x509.Certificate) {
	t.Helper()
	var file []byte
	for _, certificate := range chain {
		file = append(file, EncodePEM(certificate.Raw)...)
	}
	WriteFile(t, path, file)
}
