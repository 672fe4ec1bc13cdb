// Package programs starts and runs what the tests need beside themselves, and
// writes files as its users do. Both test modules share it.
package programs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// StartTimeout is how long a program may take to say that it is ready.
const StartTimeout = 30 * time.Second

// RunTimeout is how long a program that answers and ends may take. Debug
// builds on a shared machine are slow to start.
const RunTimeout = 60 * time.Second

// Require returns the path that the variable holds.
func Require(t testing.TB, variable string) string {
	t.Helper()
	path, err := named(variable)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func named(variable string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		return "", fmt.Errorf("%s is not set: start these tests by tests/interop/run", variable)
	}
	return path, nil
}

// Start starts a program that runs until stop is called. When readyLine is not
// empty the call returns once that line was printed. What the program says is
// kept in logPath, and quoted when it does not start.
func Start(cmd *exec.Cmd, logPath, readyLine string) (stop func(), err error) {
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
	case <-time.After(StartTimeout):
		err = fmt.Errorf("no line %q within %s", readyLine, StartTimeout)
	}
	if err != nil {
		stop()
		said, _ := os.ReadFile(logPath)
		return nil, fmt.Errorf("%s did not start: %w\n%s", cmd.Path, err, said)
	}
	return stop, nil
}

// FreePort returns a loopback port that was free a moment ago, for programs
// that cannot be asked which one they took.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Result is what a program that ran to its end left behind.
type Result struct {
	ExitCode int
	Stdout   string
	Stderr   string
}

func (r Result) String() string {
	return fmt.Sprintf("exit code %d\nstdout: %s\nstderr: %s", r.ExitCode, r.Stdout, r.Stderr)
}

// Run runs a program in a directory with exactly the given environment.
func Run(t *testing.T, directory string, environment []string, path string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), RunTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment
	cmd.Dir = directory
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %s: %v\n%s%s", path, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// InstallPlugin puts a program where Notation looks for the plugin of this
// name, as a hard link, or as a copy where the file systems differ.
func InstallPlugin(t testing.TB, notationDirectory, name, program string) {
	t.Helper()
	installed := filepath.Join(notationDirectory, "plugins", name, "notation-"+name)
	if err := os.MkdirAll(filepath.Dir(installed), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(program, installed); err == nil || errors.Is(err, os.ErrExist) {
		return
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(installed, content, 0o700); err != nil {
		t.Fatal(err)
	}
}
