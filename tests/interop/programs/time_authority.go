package programs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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

// TimeAuthority is sigstore's timestamping authority.
type TimeAuthority struct {
	Root *x509.Certificate
	// RootPath is the PEM file of the root.
	RootPath string
	Address  string
	// NotationAddress is the same authority behind a shim: sigstore's answers
	// with the status 201, where Notation takes 200 alone.
	NotationAddress string
}

// StartTimeAuthority makes an authority's keys and starts sigstore's server
// with them. There can be one at a time on a machine: its metrics are always
// at port 2112. edit may change the certificate before root issues it; what it
// returns is told of the certificate then.
func StartTimeAuthority(t testing.TB, edit func(leaf *x509.Certificate, root certificates.Authority) func(*x509.Certificate)) *TimeAuthority {
	t.Helper()
	program := Require(t, "TIMESTAMP_SERVER_BIN")
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	leaf := certificates.Template("timestamping authority")
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
	keyPath, chainPath := WriteKey(t, directory, hierarchy.SigningKey, chain)

	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--disable-ntp-monitoring", "--timestamp-signer", "file", "--timestamp-signer-hash", "sha384",
		"--file-signer-key-path", keyPath, "--certificate-chain-path", chainPath)
	cmd.Env = []string{"HOME=" + directory}
	cmd.Dir = directory
	logPath := filepath.Join(directory, "log")
	stop, err := Start(cmd, logPath, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	server := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	for deadline := time.Now().Add(StartTimeout); ; time.Sleep(20 * time.Millisecond) {
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

	rootPath := filepath.Join(directory, "root.crt")
	WriteChain(t, rootPath, chain[1:])
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
	return &TimeAuthority{
		Root:            root.Certificate,
		RootPath:        rootPath,
		Address:         server.String() + path,
		NotationAddress: shimmed.URL + path,
	}
}

// Timestamper is how notation-go asks this authority.
func (a *TimeAuthority) Timestamper(t testing.TB) tspclient.Timestamper {
	t.Helper()
	timestamper, err := tspclient.NewHTTPTimestamper(&http.Client{Timeout: RunTimeout}, a.NotationAddress)
	if err != nil {
		t.Fatal(err)
	}
	return timestamper
}

// Stamp is `notation sign --timestamp-url --timestamp-root-cert`.
func (a *TimeAuthority) Stamp(t testing.TB, options *notation.SignerSignOptions) {
	t.Helper()
	options.Timestamper = a.Timestamper(t)
	options.TSARootCAs = x509.NewCertPool()
	options.TSARootCAs.AddCert(a.Root)
}

func mustMarshalASN1(t testing.TB, value any) []byte {
	t.Helper()
	encoded, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
