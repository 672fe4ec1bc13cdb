package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startTimeout is how long a program may take to say that it is ready.
const startTimeout = 30 * time.Second

// runTimeout is how long a program that answers and ends may take. Debug
// builds on a shared machine are slow to start.
const runTimeout = 60 * time.Second

var (
	// registries are those that every case runs on.
	registries []*registryServer
	// unwrapped is go-containerregistry's as it is.
	unwrapped *registryServer
	// guarded is distribution's with a password.
	guarded *registryServer
)

func TestMain(m *testing.M) {
	log.SetFlags(0)
	code, err := runSuite(m)
	if err != nil {
		log.Fatalf("interop: %v", err)
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	scratch, err := os.MkdirTemp("", "countersign-interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	withReferrers, stop, err := serveContainerRegistry("go-containerregistry", true)
	if err != nil {
		return 0, err
	}
	defer stop()
	unwrapped, stop, err = serveContainerRegistry("go-containerregistry as it is", false)
	if err != nil {
		return 0, err
	}
	defer stop()
	withoutReferrers, stop, err := startDistribution(scratch, "distribution", "")
	if err != nil {
		return 0, err
	}
	defer stop()
	guarded, stop, err = startDistribution(scratch, "distribution-with-password", "correct horse")
	if err != nil {
		return 0, err
	}
	defer stop()
	stop, err = startEmulator(filepath.Join(scratch, "emulator"))
	if err != nil {
		return 0, err
	}
	defer stop()
	// The emulator's own registry stands for Amazon ECR: the referrers API
	// with a filter, and blobs behind a redirect.
	emulated := &registryServer{name: "emulator", host: strings.TrimPrefix(emulator.endpoint, "http://")}
	registries = []*registryServer{withReferrers, withoutReferrers, emulated}

	return m.Run(), nil
}

// onEachRegistry runs a case as one subtest per registry.
func onEachRegistry(t *testing.T, run func(t *testing.T, server *registryServer)) {
	t.Helper()
	for _, server := range registries {
		t.Run(server.name, func(t *testing.T) { run(t, server) })
	}
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

// startProgram starts a program that runs until stop is called. When
// readyLine is not empty the call returns once that line was printed. What
// the program says is kept in logPath, and quoted when it does not start.
func startProgram(cmd *exec.Cmd, logPath, readyLine string) (stop func(), err error) {
	output, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = output
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = output.Close()
	}

	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			fmt.Fprintln(output, lines.Text())
			if readyLine != "" && lines.Text() == readyLine {
				ready <- nil
				break
			}
		}
		ready <- io.ErrUnexpectedEOF
		_, _ = io.Copy(output, stdout)
	}()
	if readyLine == "" {
		return stop, nil
	}

	select {
	case err = <-ready:
	case <-time.After(startTimeout):
		err = fmt.Errorf("no line %q within %s", readyLine, startTimeout)
	}
	if err != nil {
		stop()
		said, _ := os.ReadFile(logPath)
		return nil, fmt.Errorf("%s did not start: %w\n%s", cmd.Path, err, said)
	}
	return stop, nil
}

// freePort returns a loopback port that was free a moment ago, for programs
// that cannot be asked which one they took.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// result is what a program that ran to its end left behind.
type result struct {
	exitCode int
	stdout   string
	stderr   string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\nstdout: %s\nstderr: %s", r.exitCode, r.stdout, r.stderr)
}

// runProgram runs a program with exactly the given environment.
func runProgram(t *testing.T, environment []string, path string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment
	cmd.Dir = t.TempDir()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %s: %v\n%s%s", path, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
