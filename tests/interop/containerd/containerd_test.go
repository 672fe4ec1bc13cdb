package containerd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/programs"
)

// TestVerifierDecides shows that the decision and its reason reach the kubelet.
func TestVerifierDecides(t *testing.T) {
	makeProfiles(t)
	node := startNode(t, settings{})

	t.Run("all is well", func(t *testing.T) {
		ran := node.doctor(t)
		if strings.Contains(ran.Stdout, "fail ") || !strings.Contains(ran.Stdout, "the gate policy has 1 rule, and only root can change it") {
			t.Fatal(ran)
		}
	})
	t.Run("unsigned", func(t *testing.T) {
		one := pushImage(t, "unsigned")
		words := []string{"image verifier bindir blocked pull of " + one.tagged, "exit code 1", "the image has no signature"}
		expectRefused(t, node.crictl(t, one.tagged), words...)
		expectRefused(t, node.ctr(t, "pull", "--plain-http", "--snapshotter", "native", one.tagged), words...)
	})
	t.Run("signed", func(t *testing.T) {
		one := pushImage(t, "signed")
		one.sign(t, release)
		expectPulled(t, node.crictl(t, one.tagged))
		expectPulled(t, node.crictl(t, one.digest))
		expectPulled(t, node.ctr(t, "pull", "--plain-http", "--snapshotter", "native", one.tagged))
	})
	t.Run("another profile", func(t *testing.T) {
		one := pushImage(t, "other")
		one.sign(t, other)
		expectRefused(t, node.crictl(t, one.tagged), "the image is not signed as required", other.arn)
	})
	t.Run("revoked", func(t *testing.T) {
		one := pushImage(t, "revoked")
		one.sign(t, release)
		one.revoke(t)
		expectRefused(t, node.crictl(t, one.tagged), "the image is not signed as required", "revoked")
	})
	t.Run("slow", func(t *testing.T) {
		one := pushImage(t, "slow")
		one.sign(t, release)
		withLatency(t, 1000, func() { expectPulled(t, node.crictl(t, one.tagged)) })
	})
	t.Run("hung", func(t *testing.T) {
		one := pushImage(t, "hung")
		one.sign(t, release)
		withLatency(t, 60_000, func() {
			begun := time.Now()
			// The exit code is ours: containerd has not ended it.
			expectRefused(t, node.crictl(t, one.tagged), "exit code 3", "built by CI")
			if took := time.Since(begun); took > (timeLimit+1)*time.Second {
				t.Fatalf("it took %s", took)
			}
		})
	})
	t.Run("no policy", func(t *testing.T) {
		one := pushImage(t, "nopolicy")
		one.sign(t, release)
		policy := node.etc("countersign/gate.json")
		if err := os.Rename(policy, policy+".away"); err != nil {
			t.Fatal(err)
		}
		expectRefused(t, node.crictl(t, one.tagged), "exit code 2", "`/etc/countersign/gate.json` does not exist")
		if ran := node.doctor(t); ran.ExitCode != 1 || !strings.Contains(ran.Stdout, "every image is refused") {
			t.Fatal(ran)
		}
		if err := os.Rename(policy+".away", policy); err != nil {
			t.Fatal(err)
		}
		expectPulled(t, node.crictl(t, one.tagged))
	})
}

// TestWhatIsNotCovered shows what the documents say: no verifier is asked.
func TestWhatIsNotCovered(t *testing.T) {
	makeProfiles(t)
	node := startNode(t, settings{})
	one := pushImage(t, "local")
	expectRefused(t, node.crictl(t, one.tagged), "the image has no signature")
	expectPulled(t, node.ctr(t, "pull", "--local", "--plain-http", "--snapshotter", "native", one.tagged))
	file := filepath.Join(node.root, "image.tar")
	expectPulled(t, node.ctr(t, "export", file, one.tagged))
	expectPulled(t, node.ctr(t, "rm", one.tagged))
	expectPulled(t, node.ctr(t, "import", "--snapshotter", "native", file))
}

// TestSettingsLeadPastTheVerifier shows each setting with which Kubernetes'
// pulls go past a verifier that refuses, and that the doctor names it.
func TestSettingsLeadPastTheVerifier(t *testing.T) {
	makeProfiles(t)
	for _, one := range []struct {
		name string
		settings
	}{
		{"use_local_image_pull", settings{images: "use_local_image_pull = true"}},
		{"disable_snapshot_annotations", settings{images: "disable_snapshot_annotations = false"}},
		{"discard_unpacked_layers", settings{images: "discard_unpacked_layers = true"}},
		{"max_concurrent_downloads", settings{images: "max_concurrent_downloads = 4"}},
		{"image_pull_with_sync_fs", settings{images: "image_pull_with_sync_fs = true"}},
		{"registry.mirrors", settings{images: "registry.mirrors.'mirror.example'.endpoint = ['http://127.0.0.1:9']"}},
		{"registry.configs", settings{images: "registry.configs.'other.example'.auth.username = 'nobody'"}},
		{"registry.auths", settings{images: "registry.auths.'http://other.example'.username = 'nobody'"}},
		{"disabled_plugins", settings{whole: "disabled_plugins = ['io.containerd.image-verifier.v1.bindir']"}},
		{"max_verifiers", settings{verifiers: "max_verifiers = 0"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			node := startNode(t, one.settings)
			unsigned := pushImage(t, "past")
			expectPulled(t, node.crictl(t, unsigned.tagged))
			expectNamed(t, node.doctor(t), one.name)
		})
	}
}

// TestDirectoryLeadsPastTheVerifier shows the same for the directory of
// verifiers, and what blocks every pull.
func TestDirectoryLeadsPastTheVerifier(t *testing.T) {
	makeProfiles(t)
	unsigned := pushImage(t, "directory")
	signed := pushImage(t, "blocked")
	signed.sign(t, release)
	node := startNode(t, settings{})
	verifier := filepath.Join(node.root, "bin/00-countersign-image-verifier")

	readme := filepath.Join(node.root, "bin/README")
	programs.WriteFile(t, readme, []byte("what these are"))
	expectRefused(t, node.crictl(t, signed.tagged), "README")
	expectNamed(t, node.doctor(t), "bin_dir: `README` cannot be run")
	if err := os.Remove(readme); err != nil {
		t.Fatal(err)
	}
	expectPulled(t, node.crictl(t, signed.tagged))

	if err := os.Rename(verifier, filepath.Join(node.root, "away")); err != nil {
		t.Fatal(err)
	}
	expectPulled(t, node.crictl(t, unsigned.tagged))
	expectNamed(t, node.doctor(t), "is empty: every image is pulled")
}

// expectNamed wants a failed finding that says this.
func expectNamed(t *testing.T, ran programs.Result, words string) {
	t.Helper()
	if ran.ExitCode != 1 {
		t.Fatalf("the doctor found nothing: %s", ran)
	}
	for line := range strings.Lines(ran.Stdout) {
		if strings.HasPrefix(line, "fail ") && strings.Contains(line, words) {
			return
		}
	}
	t.Fatalf("the doctor does not name %q: %s", words, ran)
}
