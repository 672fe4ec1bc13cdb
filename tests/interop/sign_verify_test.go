package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
)

func TestNotationSignsThroughOurPlugin(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "signed-by/notation-go")
		scene.signByNotation(t)
		scene.expectEverywhere(t, accepted)
	})
}

func TestNotationSignsUserMetadataThroughOurPlugin(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "signed-by/notation-go-with-metadata")
		metadata := map[string]string{"build": "7", "ref": "refs/heads/main & <more>"}
		notationSign(t, scene.directory.pluginSigner(t, pluginName, scene.profile.arn), scene.image, mediaTypeJWS, metadata)
		scene.expectEverywhere(t, accepted)
	})
}

// TestNotationSignsByTheTagSchema: Notation 1.3 does so unless it is told
// otherwise, on registries with the referrers API too.
func TestNotationSignsByTheTagSchema(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "signed-by/notation-go-by-tag-schema")
		byTag := scene
		byTag.image = scene.image.byTagSchema(t)
		byTag.signByNotation(t)
		scene.expectEverywhere(t, accepted)
	})
}

func TestCountersignSigns(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		ways := map[string]func(profileARN string) []string{
			"with the profile": func(arn string) []string { return []string{"--signing-profile", arn} },
			"with the plugin":  func(arn string) []string { return []string{"--plugin", pluginName, "--id", arn} },
			"with metadata":    func(arn string) []string { return []string{"--signing-profile", arn, "-m", "build=7"} },
		}
		for name, flags := range ways {
			t.Run(name, func(t *testing.T) {
				scene := newScene(t, server, "signed-by/countersign")
				args := append([]string{"sign", scene.image.reference()}, flags(scene.profile.arn)...)
				if ran := scene.directory.countersign(t, args...); ran.ExitCode != 0 {
					t.Fatalf("countersign sign: %s", ran)
				}
				scene.expectEverywhere(t, accepted)
			})
		}
	})
}

// TestDockerManifest signs, by each, an image with Docker's media types.
func TestDockerManifest(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "signed-by/notation-go")
		scene.image = pushDockerImage(t, server, "signed-by/notation-go-docker")
		scene.signByNotation(t)
		scene.expectEverywhere(t, accepted)

		scene.image = pushDockerImage(t, server, "signed-by/countersign-docker")
		scene.signByCountersign(t)
		scene.expectEverywhere(t, accepted)
	})
}

// TestIndexByTag signs the index of a multi-platform image, which its tag
// names: the signature is the index's, and no image's in it.
func TestIndexByTag(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "signed-by/countersign-index")
		member := scene.image
		scene.image = pushIndex(t, server, "signed-by/countersign-index")
		tagged := scene.image.taggedReference()
		if ran := scene.directory.countersign(t, "sign", tagged, "--signing-profile", scene.profile.arn); ran.ExitCode != 0 {
			t.Fatalf("countersign sign: %s", ran)
		}
		scene.expectEverywhere(t, accepted)
		byTag := verdictOf(scene.image, scene.directory.countersign(t, "verify", tagged))
		expectVerdict(t, "countersign verify by the tag", byTag, accepted)
		scene.image = member
		scene.expectEverywhere(t, unsigned)
	})
}

// TestSecondSignature signs one image by both, in both orders: each must
// leave the other's signature in place.
func TestSecondSignature(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		for _, countersignFirst := range []bool{true, false} {
			first := newScene(t, server, "signed-by/both")
			second := first
			second.profile = createProfile(t)
			second.directory = directoryTrusting(t, server, emulator.RootDER, second.profile.arn)

			byCountersign, byNotation := first, second
			if !countersignFirst {
				byCountersign, byNotation = second, first
				byNotation.signByNotation(t)
			}
			byCountersign.signByCountersign(t)
			if countersignFirst {
				byNotation.signByNotation(t)
			}
			first.expectEverywhere(t, accepted)
			second.expectEverywhere(t, accepted)
		}
	})
}

// TestRegistryAsItIs runs on go-containerregistry's registry without the
// wrapper, which lists config.mediaType as the artifactType and never sends
// OCI-Subject. Notation 1.3 writes manifests that it lists rightly; those of
// countersign, which follow specification 1.1, only countersign finds there.
func TestRegistryAsItIs(t *testing.T) {
	scene := newScene(t, unwrapped, "signed-by/notation-go")
	scene.signByNotation(t)
	scene.expectEverywhere(t, accepted)

	scene = newScene(t, unwrapped, "signed-by/countersign")
	scene.signByCountersign(t)
	expectVerdict(t, "countersign verify", scene.directory.countersignVerify(t, scene.image), accepted)
}

// TestNotationInstallsOurPlugin installs the program as `notation plugin
// install --file` does.
func TestNotationInstallsOurPlugin(t *testing.T) {
	content, err := os.ReadFile(programs.Require(t, "COUNTERSIGN_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	download := filepath.Join(t.TempDir(), "notation-"+pluginName)
	if err := os.WriteFile(download, content, 0o700); err != nil {
		t.Fatal(err)
	}
	directory := notationDir(t.TempDir())
	_, installed, err := directory.plugins().Install(t.Context(), plugin.CLIInstallOptions{PluginPath: download})
	if err != nil {
		t.Fatalf("notation-go does not install the plugin: %v", err)
	}
	if installed.Name != pluginName {
		t.Errorf("installed as %q", installed.Name)
	}
	names, err := directory.plugins().List(t.Context())
	if err != nil || strings.Join(names, " ") != pluginName {
		t.Errorf("listed %v, %v", names, err)
	}
}

// TestNotationVerifiesWithWhatSetupWrote has notation-go sign and verify with
// the plugin, the trust store and the policy that `countersign setup` wrote,
// and nothing else.
func TestNotationVerifiesWithWhatSetupWrote(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "verified-by/setup")
		directory := notationDir(t.TempDir())
		directory.writeConfig(t, server.host)
		// A directory of plugins shows that notation is here.
		if err := os.Mkdir(filepath.Join(string(directory), dir.PathPlugins), 0o700); err != nil {
			t.Fatal(err)
		}
		ran := directory.countersign(t, "setup", "--signing-profile", scene.profile.arn, "--trust-anchor", emulator.RootPath)
		if ran.ExitCode != 0 {
			t.Fatalf("countersign setup: %s", ran)
		}
		scene.directory = directory
		scene.expectByPolicy(t, unsigned)
		scene.signByNotation(t)
		scene.expectByPolicy(t, accepted)
		other := scene
		other.profile = createProfile(t)
		other.image = pushImage(t, server, "verified-by/setup-other")
		other.signByNotation(t)
		other.expectByPolicy(t, badAuthenticity)
	})
}
