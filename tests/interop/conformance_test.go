package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

// TestEmulatorConforms runs OCI's own conformance suite on the emulator's
// registry, with everything in it that the distribution specification 1.1 asks
// for. The suite writes what it found into a directory of the test.
func TestEmulatorConforms(t *testing.T) {
	results := t.TempDir()
	environment := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + results,
		"OCI_VERSION=1.1",
		"OCI_REGISTRY=" + strings.TrimPrefix(emulator.Endpoint, "http://"),
		"OCI_TLS=disabled",
		"OCI_REPO1=conformance/one",
		"OCI_REPO2=conformance/two",
		"OCI_RESULTS_DIR=" + filepath.Join(results, "results"),
	}
	ran := programs.Run(t, results, environment, programs.Require(t, "OCI_CONFORMANCE_BIN"))
	// A suite that did not run says nothing: it leaves its results behind.
	if _, err := os.Stat(filepath.Join(results, "results", "results.yaml")); err != nil {
		t.Fatalf("the suite left no results: %v\n%s%s", err, ran.Stdout, ran.Stderr)
	}
	if ran.ExitCode != 0 {
		t.Fatalf("the suite ends with %d:\n%s%s", ran.ExitCode, ran.Stdout, ran.Stderr)
	}
}
