package interop

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/tspclient-go"
)

// timeAuthority is sigstore's time-stamping authority.
type timeAuthority struct {
	root *x509.Certificate
	// rootPath is the PEM file of the root.
	rootPath string
	address  string
	// notationAddress is the same authority behind a shim: sigstore's answers
	// with the status 201, where Notation takes 200 alone.
	notationAddress string
}

// startTimeAuthority makes an authority's keys and starts sigstore's server
// with them. There can be one at a time on a machine: its metrics are always
// at port 2112. edit may change the certificate before root issues it; what it
// returns is told of the certificate then.
func startTimeAuthority(t *testing.T, edit func(leaf *x509.Certificate, root certificates.Authority) func(*x509.Certificate)) *timeAuthority {
	t.Helper()
	program := requireProgram(t, "TIMESTAMP_SERVER_BIN")
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	leaf := certificates.Template("time-stamping authority")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtraExtensions = []pkix.Extension{{
		// Critical, which Go's ExtKeyUsage is not.
		Id:       asn1.ObjectIdentifier{2, 5, 29, 37},
		Critical: true,
		Value:    mustMarshalASN1(t, []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}),
	}}
	// Sigstore's server asks more of intermediate authorities than the Notary
	// Project does: there is none.
	root := hierarchy.Root
	issued := func(*x509.Certificate) {}
	if edit != nil {
		issued = edit(leaf, root)
	}
	chain := []*x509.Certificate{root.Issue(t, leaf, hierarchy.SigningKey.Public()), root.Certificate}
	issued(chain[0])
	directory := t.TempDir()
	keyPath, chainPath := writeKey(t, directory, hierarchy.SigningKey, chain)

	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--disable-ntp-monitoring", "--timestamp-signer", "file", "--timestamp-signer-hash", "sha384",
		"--file-signer-key-path", keyPath, "--certificate-chain-path", chainPath)
	cmd.Env = []string{"HOME=" + directory}
	cmd.Dir = directory
	logPath := filepath.Join(directory, "log")
	stop, err := startProgram(cmd, logPath, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	server := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(server.JoinPath("ping").String())
		if err == nil {
			response.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(logPath)
			t.Fatalf("sigstore's authority did not start: %v\n%s", err, said)
		}
	}

	shim := httputil.NewSingleHostReverseProxy(server)
	shim.ModifyResponse = func(response *http.Response) error {
		if response.StatusCode == http.StatusCreated {
			response.StatusCode = http.StatusOK
		}
		return nil
	}
	shimmed := httptest.NewServer(shim)
	t.Cleanup(shimmed.Close)
	const path = "/api/v1/timestamp"
	return &timeAuthority{
		root:            root.Certificate,
		rootPath:        writePEM(t, root.Certificate.Raw),
		address:         server.String() + path,
		notationAddress: shimmed.URL + path,
	}
}

// timestamper is how notation-go asks this authority.
func (a *timeAuthority) timestamper(t *testing.T) tspclient.Timestamper {
	t.Helper()
	timestamper, err := tspclient.NewHTTPTimestamper(&http.Client{Timeout: runTimeout}, a.notationAddress)
	if err != nil {
		t.Fatal(err)
	}
	return timestamper
}

// stamp is `notation sign --timestamp-url --timestamp-root-cert`.
func (a *timeAuthority) stamp(t *testing.T, options *notation.SignerSignOptions) {
	t.Helper()
	options.Timestamper = a.timestamper(t)
	options.TSARootCAs = x509.NewCertPool()
	options.TSARootCAs.AddCert(a.root)
}

// writeKey writes key.pem and chain.pem into a directory.
func writeKey(t *testing.T, directory string, key crypto.Signer, chain []*x509.Certificate) (keyPath, chainPath string) {
	t.Helper()
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyPath, chainPath = filepath.Join(directory, "key.pem"), filepath.Join(directory, "chain.pem")
	writeFile(t, keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	writeChain(t, chainPath, chain)
	return keyPath, chainPath
}

func writeChain(t *testing.T, path string, chain []*x509.Certificate) {
	t.Helper()
	var file []byte
	for _, certificate := range chain {
		file = append(file, encodePEM(certificate.Raw)...)
	}
	writeFile(t, path, file)
}

func mustMarshalASN1(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
