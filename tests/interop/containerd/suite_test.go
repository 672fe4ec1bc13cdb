package containerd

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

var (
	// emulator is AWS, and the registry.
	emulator programs.Emulator
	// release is the profile that the gate policy asks for, other another one.
	release, other profile
	// verifier is a copy of this program that is root's, whoever built it.
	verifier string
)

// profile is a signing profile of AWS Signer.
type profile struct{ name, arn string }

func TestMain(m *testing.M) {
	log.SetFlags(0)
	code, err := runSuite(m)
	if err != nil {
		log.Fatalf("interop: %v", err)
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	if os.Geteuid() != 0 && os.Getenv("CI") == "" {
		log.Print("interop: only root can test a node, so nothing was shown of it")
		return 0, nil
	}
	scratch, err := os.MkdirTemp("", "countersign-containerd-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	program, err := os.ReadFile(os.Getenv("COUNTERSIGN_BIN"))
	if err != nil {
		return 0, fmt.Errorf("start these tests by tests/interop/run: %w", err)
	}
	verifier = filepath.Join(scratch, "countersign")
	if err := os.WriteFile(verifier, program, 0o755); err != nil {
		return 0, err
	}
	var stop func()
	emulator, stop, err = programs.StartEmulator(filepath.Join(scratch, "emulator"))
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// registry is HOST:PORT, by the name that containerd takes for plain HTTP.
func registry() string {
	return "localhost:" + emulator.Endpoint[strings.LastIndex(emulator.Endpoint, ":")+1:]
}

func signerAPI(t *testing.T) *signer.Client {
	t.Helper()
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signer.NewFromConfig(configuration)
}

// makeProfiles makes both profiles once.
func makeProfiles(t *testing.T) {
	t.Helper()
	for _, one := range []*profile{&release, &other} {
		if one.arn != "" {
			continue
		}
		name := "node_" + strings.ToLower(rand.Text())
		created, err := signerAPI(t).PutSigningProfile(t.Context(), &signer.PutSigningProfileInput{
			ProfileName: aws.String(name),
			PlatformId:  aws.String("Notation-OCI-SHA384-ECDSA"),
		})
		if err != nil {
			t.Fatal(err)
		}
		*one = profile{name, aws.ToString(created.Arn)}
	}
}

// withLatency lets AWS Signer take so long with what is revoked meanwhile.
func withLatency(t *testing.T, milliseconds int, meanwhile func()) {
	t.Helper()
	fault := fmt.Sprintf(`{"operation": "GetRevocationStatus", "fault": "latency", "milliseconds": %d}`, milliseconds)
	askEmulator(t, http.MethodPost, fault)
	defer askEmulator(t, http.MethodDelete, "")
	meanwhile()
}

func askEmulator(t *testing.T, method, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, emulator.Endpoint+"/_emulator/faults", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		t.Fatalf("the emulator answers %s: %s", response.Status, said)
	}
}

// image is an image in the registry, by its tag.
type image struct {
	tagged string
	digest string
}

// pushImage pushes an image that can be unpacked, different each time.
func pushImage(t *testing.T, name string) image {
	t.Helper()
	repository := registry() + "/" + name
	target, err := remote.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	target.PlainHTTP = true
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	text := []byte(rand.Text())
	if err := archive.WriteHeader(&tar.Header{Name: "file", Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	push := func(mediaType string, bytes []byte) ocispec.Descriptor {
		descriptor := content.NewDescriptorFromBytes(mediaType, bytes)
		if err := target.Push(t.Context(), descriptor, newReader(bytes)); err != nil {
			t.Fatal(err)
		}
		return descriptor
	}
	marshal := func(value any) []byte {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	diff := digest.FromBytes(layer.Bytes())
	manifest := marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config: push(ocispec.MediaTypeImageConfig, marshal(ocispec.Image{
			Platform: ocispec.Platform{Architecture: "amd64", OS: "linux"},
			RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diff}},
		})),
		Layers: []ocispec.Descriptor{push(ocispec.MediaTypeImageLayer, layer.Bytes())},
	})
	descriptor, err := oras.TagBytes(t.Context(), target, ocispec.MediaTypeImageManifest, manifest, "v1")
	if err != nil {
		t.Fatal(err)
	}
	return image{repository + ":v1", repository + "@" + descriptor.Digest.String()}
}

func newReader(content []byte) io.Reader { return bytes.NewReader(content) }

// sign signs an image with a profile, and gives the ARN of the job.
func (i image) sign(t *testing.T, with profile) {
	t.Helper()
	environment := append([]string{"HOME=" + t.TempDir()}, programs.AWSEnvironment()...)
	ran := programs.Run(t, t.TempDir(), environment, programs.Require(t, "COUNTERSIGN_BIN"),
		"sign", "--signing-profile", with.arn, i.digest)
	if ran.ExitCode != 0 {
		t.Fatalf("it was not signed: %s", ran)
	}
}

// revoke revokes every signature of an image.
func (i image) revoke(t *testing.T) {
	t.Helper()
	environment := append([]string{"HOME=" + t.TempDir()}, programs.AWSEnvironment()...)
	ran := programs.Run(t, t.TempDir(), environment, programs.Require(t, "COUNTERSIGN_BIN"), "inspect", "--output", "json", i.digest)
	for word := range strings.SplitSeq(ran.Stdout, `"`) {
		_, job, isJob := strings.Cut(word, ":/signing-jobs/")
		if !isJob {
			continue
		}
		_, err := signerAPI(t).RevokeSignature(t.Context(), &signer.RevokeSignatureInput{
			JobId: aws.String(job), Reason: aws.String("interop"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no job was found: %s", ran)
}
