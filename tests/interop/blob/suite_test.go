package blob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startTimeout is how long a program may take to say that it is ready.
const startTimeout = 30 * time.Second

// runTimeout is how long a program that answers and ends may take.
const runTimeout = 60 * time.Second

// emulatorRoot is the PEM file of the emulator's root certificate.
var emulatorRoot string

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
	stop, err := startEmulator(filepath.Join(scratch, "emulator"))
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// startEmulator starts the emulator of AWS and puts what it wrote into DIR/env
// into this process's environment, and nothing of the machine's.
func startEmulator(dataDir string) (func(), error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command(os.Getenv("COUNTERSIGN_EMULATOR_BIN"), "--listen", "127.0.0.1:0", "--data-dir", dataDir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("COUNTERSIGN_EMULATOR_BIN: %w", err)
	}
	stop := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
	}
	settings, err := os.ReadFile(filepath.Join(dataDir, "env"))
	if err != nil {
		stop()
		return nil, fmt.Errorf("the emulator did not start: %w", err)
	}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", filepath.Join(dataDir, "no-config"))
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dataDir, "no-credentials"))
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for line := range strings.Lines(string(settings)) {
		assignment, isExport := strings.CutPrefix(strings.TrimSpace(line), "export ")
		if name, value, isAssignment := strings.Cut(assignment, "="); isExport && isAssignment {
			os.Setenv(name, strings.Trim(value, `"'`))
		}
	}
	emulatorRoot = filepath.Join(dataDir, "root.crt")
	return stop, nil
}

// requireProgram returns the path that the variable holds.
func requireProgram(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: start these tests by tests/interop/run", variable)
	}
	return path
}

// countersign runs the command line in a directory that is its NOTATION_CONFIG
// too, and returns its exit code and what it said.
func countersign(t *testing.T, directory string, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, requireProgram(t, "COUNTERSIGN_BIN"), args...)
	cmd.Dir = directory
	cmd.Env = []string{"HOME=" + directory, "NOTATION_CONFIG=" + directory}
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "AWS_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("countersign %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

// mustCountersign runs a command that must succeed.
func mustCountersign(t *testing.T, directory string, args ...string) {
	t.Helper()
	if code, said := countersign(t, directory, args...); code != 0 {
		t.Fatalf("countersign %s: exit code %d\n%s", strings.Join(args, " "), code, said)
	}
}

// install puts a program where Notation looks for the plugin of this name.
func install(t *testing.T, directory, plugin, program string) {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(directory, "plugins", plugin, "notation-"+plugin)
	write(t, installed, content)
	if err := os.Chmod(installed, 0o700); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
