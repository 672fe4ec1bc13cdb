package blob

import (
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

// emulator is the running emulator of AWS.
var emulator programs.Emulator

func TestMain(m *testing.M) {
	log.SetFlags(0)
	code, err := runSuite(m)
	if err != nil {
		log.Fatalf("interop/blob: %v", err)
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	scratch, err := os.MkdirTemp("", "countersign-interop-blob-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	var stop func()
	emulator, stop, err = programs.StartEmulator(filepath.Join(scratch, "emulator"))
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// countersign runs the command line in a directory that is its NOTATION_CONFIG
// too.
func countersign(t *testing.T, directory string, args ...string) programs.Result {
	t.Helper()
	environment := append([]string{"HOME=" + directory, "NOTATION_CONFIG=" + directory}, programs.AWSEnvironment()...)
	return programs.Run(t, directory, environment, programs.Require(t, "COUNTERSIGN_BIN"), args...)
}

// mustCountersign runs a command that must succeed.
func mustCountersign(t *testing.T, directory string, args ...string) {
	t.Helper()
	if ran := countersign(t, directory, args...); ran.ExitCode != 0 {
		t.Fatalf("countersign %s: %s", strings.Join(args, " "), ran)
	}
}
