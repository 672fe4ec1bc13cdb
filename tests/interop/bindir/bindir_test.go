// Package bindir runs this program by the code of containerd 2.0, whose daemon
// asks verifiers for its own client alone. tests/interop/long runs it.
package bindir

import (
	_ "crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/pkg/imageverifier/bindir"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/pelletier/go-toml/v2"
)

// node is a directory of verifiers, and a directory for /etc.
func node(t *testing.T, files map[string]string) *bindir.ImageVerifier {
	t.Helper()
	program := os.Getenv("COUNTERSIGN_BIN")
	if program == "" {
		t.Fatal("COUNTERSIGN_BIN is not set: start this test by tests/interop/long")
	}
	root := t.TempDir()
	etc := filepath.Join(root, "etc")
	for name, content := range files {
		path := filepath.Join(etc, "countersign", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(etc, 0o755); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(root, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "countersign-image-verifier")); err != nil {
		t.Fatal(err)
	}
	// A mount namespace for this thread and what it starts. The thread ends
	// with the test.
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		t.Fatalf("only root can test a node: %v", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(etc, "/etc", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	var config bindir.Config
	text := fmt.Sprintf("bin_dir = %q\nmax_verifiers = 10\nper_verifier_timeout = '10s'\n", bin)
	if err := toml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	return bindir.NewImageVerifier(&config)
}

const (
	configuration = `{ "version": "1.0", "gatePolicy": "gate.json" }`
	policy        = `{ "version": "1.0",
  "rules": [ { "name": "ours", "scopes": [ "127.0.0.1:9/*" ], "require": { "all": [ {
    "name": "built by CI",
    "signingProfile": "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release" } ] } } ],
  "exemptions": [ { "repository": "registry.example/sidecar", "digest": %q, "reason": "reviewed", "until": %q } ]
}`
)

func TestVerdicts(t *testing.T) {
	one := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("one"), Size: 3}
	until := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	files := map[string]string{
		"image-verifier.json": configuration,
		"gate.json":           fmt.Sprintf(policy, one.Digest, until),
	}
	for _, test := range []struct {
		name, reference string
		descriptor      ocispec.Descriptor
		files           map[string]string
		ok              bool
		reason          string
	}{
		{"exempted", "registry.example/sidecar:v1", one, files, true, "Exempted, not verified: "},
		{"no rule", "registry.example/other:v1", one, files, false, "(exit code 1): Error: registry.example/other:v1: no rule"},
		{"not reachable", "127.0.0.1:9/app:v1", one, files, false, "(exit code 3): Error: 127.0.0.1:9/app:v1: "},
		{"no configuration", "registry.example/sidecar:v1", one, nil, false, "(exit code 2): Error: "},
		{
			"no image", "registry.example/sidecar:v1",
			ocispec.Descriptor{MediaType: "text/plain", Digest: one.Digest, Size: 3}, files, false, "which is not an image",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			verifier := node(t, test.files)
			begun := time.Now()
			judgement, err := verifier.VerifyImage(t.Context(), test.reference, test.descriptor)
			if err != nil {
				t.Fatal(err)
			}
			if judgement.OK != test.ok || !strings.Contains(judgement.Reason, test.reason) {
				t.Fatalf("OK is %v, and the reason is %q", judgement.OK, judgement.Reason)
			}
			if took := time.Since(begun); took > 9*time.Second {
				t.Fatalf("it took %s", took)
			}
		})
	}
}
