package blob

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"countersign.test/interop/certificates"
)

// timeAuthority is sigstore's time-stamping authority.
type timeAuthority struct {
	root    *x509.Certificate
	address string
}

// startTimeAuthority starts sigstore's server with keys of its own. There can
// be one at a time on a machine: its metrics are always at port 2112.
func startTimeAuthority(t *testing.T) timeAuthority {
	t.Helper()
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	leaf := certificates.Template("time-stamping authority")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	// Critical, which Go's ExtKeyUsage is not.
	leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}}
	root := hierarchy.Root
	directory := t.TempDir()
	writeKey(t, directory, hierarchy.SigningKey, []*x509.Certificate{root.Issue(t, leaf, hierarchy.SigningKey.Public()), root.Certificate})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	cmd := exec.Command(requireProgram(t, "TIMESTAMP_SERVER_BIN"), "serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--disable-ntp-monitoring", "--timestamp-signer", "file", "--timestamp-signer-hash", "sha384",
		"--file-signer-key-path", filepath.Join(directory, "key.pem"), "--certificate-chain-path", filepath.Join(directory, "chain.pem"))
	cmd.Env = []string{"HOME=" + directory}
	cmd.Dir = directory
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	server := fmt.Sprintf("http://127.0.0.1:%d", port)
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(server + "/ping")
		if err == nil {
			response.Body.Close()
			return timeAuthority{root.Certificate, server + "/api/v1/timestamp"}
		}
		if time.Now().After(deadline) {
			t.Fatalf("sigstore's authority did not start: %v", err)
		}
	}
}

// createdIsOK turns the status 201, with which sigstore's authority answers,
// into the 200 that Notation takes.
type createdIsOK struct {
	http.RoundTripper
}

func (c createdIsOK) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusCreated {
		response.StatusCode = http.StatusOK
	}
	return response, err
}
