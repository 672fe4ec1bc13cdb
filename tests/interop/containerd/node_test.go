package containerd

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/programs"
)

// node is a machine with containerd and this program as its image verifier. It
// runs in a mount namespace of its own, whose /etc is the test's.
type node struct {
	root string
	// socket is where containerd listens.
	socket string
}

// timeLimit is that of the verifier's configuration; containerd waits one
// second longer.
const timeLimit = 4

// settings are more lines of containerd's configuration: of the whole file, and
// of the sections about images and about verifiers.
type settings struct{ whole, images, verifiers string }

// startNode starts a containerd.
func startNode(t *testing.T, more settings) *node {
	t.Helper()
	// Not t.TempDir: containerd's socket has a short path.
	root, err := os.MkdirTemp("", "cs-node-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	started := &node{root: root, socket: filepath.Join(root, "c.sock")}
	started.writeEtc(t)
	bin := filepath.Join(root, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(verifier, filepath.Join(bin, "00-countersign-image-verifier")); err != nil {
		t.Fatal(err)
	}
	configuration := fmt.Sprintf(`version = 3
root = '%[1]s/root'
state = '%[1]s/state'
%[3]s
[grpc]
address = '%[2]s'
[plugins.'io.containerd.image-verifier.v1.bindir']
bin_dir = '%[1]s/bin'
per_verifier_timeout = '%[5]ds'
%[6]s
[[plugins.'io.containerd.transfer.v1.local'.unpack_config]]
platform = 'linux/amd64'
snapshotter = 'native'
[plugins.'io.containerd.cri.v1.images']
snapshotter = 'native'
%[4]s
`, root, started.socket, more.whole, more.images, timeLimit+1, more.verifiers)
	programs.WriteFile(t, started.config(), []byte(configuration))
	started.start(t)
	return started
}

func (n *node) config() string { return filepath.Join(n.root, "config.toml") }

// etc is what the node has for /etc.
func (n *node) etc(name string) string { return filepath.Join(n.root, "etc", name) }

func (n *node) writeEtc(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(n.etc("countersign"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hosts", "nsswitch.conf", "resolv.conf"} {
		if text, err := os.ReadFile(filepath.Join("/etc", name)); err == nil {
			programs.WriteFile(t, n.etc(name), text)
		}
	}
	n.writeJSON(t, "image-verifier.json", map[string]any{
		"version":          "1.0",
		"gatePolicy":       "gate.json",
		"trustAnchor":      "root.crt",
		"awsCredentials":   "aws-credentials",
		"signerEndpoint":   emulator.Endpoint,
		"timeLimitSeconds": timeLimit,
	})
	n.writeJSON(t, "gate.json", map[string]any{
		"version":      "1.0",
		"awsEndpoints": []string{emulator.Endpoint},
		"rules": []any{map[string]any{
			"name":    "images",
			"scopes":  []string{registry() + "/*"},
			"require": map[string]any{"all": []any{map[string]any{"name": "built by CI", "signingProfile": release.arn}}},
		}},
	})
	anchor, err := os.ReadFile(emulator.RootPath)
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, n.etc("countersign/root.crt"), anchor)
	programs.WriteFile(t, n.etc("countersign/aws-credentials"), fmt.Appendf(nil,
		"[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")))
}

func (n *node) writeJSON(t *testing.T, name string, content any) {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, n.etc(filepath.Join("countersign", name)), text)
}

// inside is a command in the node's mount namespace, with variables that are
// worth nothing to a verifier.
func (n *node) inside(ctx context.Context, program string, args ...string) *exec.Cmd {
	script := `mount --bind "$0" /etc && exec "$@"`
	all := append([]string{"--mount", "sh", "-c", script, n.etc(""), program}, args...)
	command := exec.CommandContext(ctx, "unshare", all...)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + n.root,
		"AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=nobody",
		"NOTATION_CONFIG=" + n.root,
	}
	return command
}

func (n *node) start(t *testing.T) {
	t.Helper()
	command := n.inside(context.Background(), programs.Require(t, "CONTAINERD_BIN"), "--config", n.config(), "--log-level", "debug")
	log := filepath.Join(n.root, "containerd.log")
	stop, err := programs.Start(command, log, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	deadline := time.Now().Add(programs.StartTimeout)
	for {
		connection, err := net.Dial("unix", n.socket)
		if err == nil {
			_ = connection.Close()
			return
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log)
			t.Fatalf("containerd does not listen: %v\n%s", err, said)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// crictl pulls as the kubelet does.
func (n *node) crictl(t *testing.T, reference string) programs.Result {
	t.Helper()
	endpoint := "unix://" + n.socket
	return programs.Run(t, n.root, []string{"HOME=" + n.root, "PATH=" + os.Getenv("PATH")}, programs.Require(t, "CRICTL_BIN"),
		"--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "--timeout", "30s", "pull", reference)
}

// ctr is containerd's own client.
func (n *node) ctr(t *testing.T, args ...string) programs.Result {
	t.Helper()
	all := append([]string{"--address", n.socket, "images"}, args...)
	return programs.Run(t, n.root, []string{"HOME=" + n.root, "PATH=" + os.Getenv("PATH")}, programs.Require(t, "CTR_BIN"), all...)
}

// doctor is what this program says of the node.
func (n *node) doctor(t *testing.T) programs.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programs.RunTimeout)
	defer cancel()
	command := n.inside(ctx, programs.Require(t, "COUNTERSIGN_BIN"), "doctor",
		"--containerd", n.config(), "--containerd-program", programs.Require(t, "CONTAINERD_BIN"))
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run()
	return programs.Result{ExitCode: command.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}

func expectPulled(t *testing.T, ran programs.Result) {
	t.Helper()
	if ran.ExitCode != 0 {
		t.Fatalf("it was not pulled: %s", ran)
	}
}

// expectRefused wants every one of these words in what the client was told.
func expectRefused(t *testing.T, ran programs.Result, words ...string) {
	t.Helper()
	if ran.ExitCode == 0 {
		t.Fatalf("it was pulled: %s", ran)
	}
	for _, word := range words {
		if !strings.Contains(ran.Stderr, word) {
			t.Fatalf("the reason does not say %q: %s", word, ran)
		}
	}
}
