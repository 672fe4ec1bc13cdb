package blob

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// content is what is signed.
var content = []byte("hello\n")

const (
	fileName = "file.txt"
	metadata = "build=123"
)

// formats are the endings of signature files, with the envelopes' media types.
var formats = map[string]string{"jws": "application/jose+json", "cose": "application/cose"}

// newDirectory makes a NOTATION_CONFIG directory with the file to sign and a
// policy for files that trusts one root, and where there is one, one authority
// for timestamps.
func newDirectory(t *testing.T, store truststore.Type, root []byte, identity string, timeRoot []byte) string {
	t.Helper()
	directory := t.TempDir()
	programs.WriteFile(t, filepath.Join(directory, fileName), content)
	policy := trustpolicy.BlobTrustPolicy{
		Name:                  "files",
		GlobalPolicy:          true,
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustedIdentities:     []string{identity},
	}
	add := func(store truststore.Type, certificate []byte) {
		policy.TrustStores = append(policy.TrustStores, string(store)+":interop")
		programs.WriteFile(t, filepath.Join(directory, dir.TrustStoreDir, "x509", string(store), "interop", "root.crt"), certificate)
	}
	add(store, root)
	if timeRoot != nil {
		add(truststore.TypeTSA, timeRoot)
	}
	document, err := json.Marshal(trustpolicy.BlobDocument{Version: "1.0", TrustPolicies: []trustpolicy.BlobTrustPolicy{policy}})
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, filepath.Join(directory, dir.PathBlobTrustPolicy), document)
	return directory
}

func plugins(directory string) *plugin.CLIManager {
	return plugin.NewCLIManager(dir.NewSysFS(filepath.Join(directory, dir.PathPlugins)))
}

// signByNotation is `notation blob sign`: it writes FILE.FORMAT.sig.
func signByNotation(t *testing.T, directory, format string, signer notation.BlobSigner, edit func(*notation.SignerSignOptions)) {
	t.Helper()
	options := notation.SignBlobOptions{
		SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: formats[format]},
		ContentMediaType:  "application/octet-stream",
		UserMetadata:      map[string]string{"build": "123"},
	}
	if edit != nil {
		edit(&options.SignerSignOptions)
	}
	envelope, _, err := notation.SignBlob(t.Context(), signer, bytes.NewReader(content), options)
	if err != nil {
		t.Fatalf("notation-go does not sign: %v", err)
	}
	programs.WriteFile(t, filepath.Join(directory, fileName+"."+format+".sig"), envelope)
}

// signByCountersign is `countersign blob sign`.
func signByCountersign(t *testing.T, directory, format string, flags ...string) {
	t.Helper()
	fixed := []string{"blob", "sign", "--force", "--signature-format", format, "-m", metadata, fileName}
	mustCountersign(t, directory, append(fixed, flags...)...)
}

// verifyByNotation is `notation blob verify -m build=123`.
func verifyByNotation(t *testing.T, directory, format string, blob []byte) error {
	t.Helper()
	encoded, err := os.ReadFile(filepath.Join(directory, dir.PathBlobTrustPolicy))
	if err != nil {
		t.Fatal(err)
	}
	var policy trustpolicy.BlobDocument
	if err := json.Unmarshal(encoded, &policy); err != nil {
		t.Fatal(err)
	}
	signature, err := os.ReadFile(filepath.Join(directory, fileName+"."+format+".sig"))
	if err != nil {
		t.Fatal(err)
	}
	stores := truststore.NewX509TrustStore(dir.NewSysFS(directory))
	inner, err := verifier.NewVerifierWithOptions(stores, verifier.VerifierOptions{
		BlobTrustPolicy: &policy,
		PluginManager:   plugins(directory),
	})
	if err != nil {
		t.Fatal(err)
	}
	options := notation.VerifyBlobOptions{}
	options.SignatureMediaType = formats[format]
	options.UserMetadata = map[string]string{"build": "123"}
	_, _, err = notation.VerifyBlob(t.Context(), inner, bytes.NewReader(blob), signature, options)
	return err
}

// expectBoth has both verifiers accept the signature for the file, and refuse
// it for another.
func expectBoth(t *testing.T, directory, format string) {
	t.Helper()
	expectAnswers(t, directory, format, fileName, "")
	programs.WriteFile(t, filepath.Join(directory, "other.txt"), []byte("jello\n"))
	expectAnswers(t, directory, format, "other.txt", "signature does not match the given blob")
}

// expectAnswers asks both verifiers about a file; where a word is given, both
// must refuse with it.
func expectAnswers(t *testing.T, directory, format, file, word string) {
	t.Helper()
	signature := fileName + "." + format + ".sig"
	content, err := os.ReadFile(filepath.Join(directory, file))
	if err != nil {
		t.Fatal(err)
	}
	err = verifyByNotation(t, directory, format, content)
	if word == "" && err != nil || word != "" && (err == nil || !strings.Contains(err.Error(), word)) {
		t.Errorf("notation-go, %s for %s: %v, expected %q", signature, file, err, word)
	}
	ran := countersign(t, directory, "blob", "verify", "-m", metadata, "-s", signature, file)
	wantCode := 0
	if word != "" {
		wantCode = 1
	}
	if ran.ExitCode != wantCode || !strings.Contains(ran.Stderr, word) {
		t.Errorf("countersign, %s for %s: %s, expected %q", signature, file, ran, word)
	}
}

// localScene is a directory with a key of a kind, which its policy trusts.
func localScene(t *testing.T, hierarchy certificates.Hierarchy, timeRoot []byte) string {
	t.Helper()
	identity := fmt.Sprintf("x509.subject: C=US, ST=WA, O=Interop, CN=%s signer", hierarchy.Kind.Name)
	directory := newDirectory(t, truststore.TypeCA, programs.EncodePEM(hierarchy.Root.Certificate.Raw), identity, timeRoot)
	programs.WriteKey(t, directory, hierarchy.SigningKey, hierarchy.Chain(t, nil))
	return directory
}
