// Package envelopes measures notation-core-go on envelopes that our own
// benchmark verifies too: see benches/envelope.
package envelopes

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
)

// directoryVariable names the directory of the envelopes.
const directoryVariable = "ENVELOPES"

var mediaTypes = map[string]string{
	".jws":  "application/jose+json",
	".cose": "application/cose",
}

// payload has its members in the order in which the JWS writer puts them.
const payload = `{"targetArtifact":{"digest":"sha256:73c803930ea3ba1e54bc25c2bdc53edd0284c62ed651fe7b00369da519a3c333",` +
	`"mediaType":"application/vnd.oci.image.manifest.v1+json","size":16724}}`

// TestWrite writes an envelope in each format, with a chain of three
// certificates, for each kind of key.
func TestWrite(t *testing.T) {
	directory := requireDirectory(t)
	for _, hierarchy := range certificates.NewHierarchies(t, certificates.Kinds) {
		signer, err := signature.NewLocalSigner(hierarchy.Chain(t, nil), hierarchy.SigningKey)
		if err != nil {
			t.Fatal(err)
		}
		for extension, mediaType := range mediaTypes {
			envelope, err := signature.NewEnvelope(mediaType)
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := envelope.Sign(&signature.SignRequest{
				Payload: signature.Payload{
					ContentType: "application/vnd.cncf.notary.payload.v1+json",
					Content:     []byte(payload),
				},
				Signer:        signer,
				SigningTime:   time.Now(),
				SigningScheme: signature.SigningSchemeX509,
				SigningAgent:  "benchmark/1",
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(directory, hierarchy.Kind.Name+extension), encoded, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkVerify reads and verifies each envelope, as a verifier that knows
// nothing yet.
func BenchmarkVerify(b *testing.B) {
	directory := requireDirectory(b)
	files, err := os.ReadDir(directory)
	if err != nil || len(files) == 0 {
		b.Fatalf("no envelopes in %s: %v", directory, err)
	}
	for _, file := range files {
		encoded, err := os.ReadFile(filepath.Join(directory, file.Name()))
		if err != nil {
			b.Fatal(err)
		}
		mediaType := mediaTypes[filepath.Ext(file.Name())]
		b.Run(file.Name(), func(b *testing.B) {
			for b.Loop() {
				envelope, err := signature.ParseEnvelope(mediaType, encoded)
				if err != nil {
					b.Fatal(err)
				}
				content, err := envelope.Verify()
				if err != nil || string(content.Payload.Content) != payload {
					b.Fatalf("%v, payload %s", err, content.Payload.Content)
				}
			}
		})
	}
}

func requireDirectory(t testing.TB) string {
	t.Helper()
	directory := os.Getenv(directoryVariable)
	if directory == "" {
		t.Skipf("%s is not set: this is run by benches/envelope", directoryVariable)
	}
	return directory
}
