package interop

import (
	"fmt"
	"path/filepath"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

const (
	// rawPlugin makes signatures, envelopePlugin whole envelopes: both are the
	// program in ./plugin.
	rawPlugin      = "interop-raw"
	envelopePlugin = "interop-envelope"
	// kmsPlugin is our program again, under another name.
	kmsPlugin = "aws-kms"
)

// signingWay is a way to sign that countersign and notation-go both have.
type signingWay struct {
	name string
	// kind is the kind of key.
	kind certificates.Kind
	// flags are those of `countersign sign`.
	flags func(t *testing.T, scene signingScene) []string
	// signer is what notation-go signs with.
	signer func(t *testing.T, scene signingScene) notation.Signer
	// stampsItself says that a timestamp is the plugin's business, which is
	// told by its configuration.
	stampsItself bool
}

// signingScene is what one way to sign has.
type signingScene struct {
	directory notationDir
	hierarchy certificates.Hierarchy
	// keyDirectory has key.pem and chain.pem.
	keyDirectory string
}

func (s signingScene) path(name string) string {
	return filepath.Join(s.keyDirectory, name)
}

// signingWays are all but AWS Signer, whose certificates are its own.
var signingWays = []signingWay{
	{
		name: "local key",
		kind: certificates.Kinds[0],
		flags: func(t *testing.T, scene signingScene) []string {
			ran := scene.directory.countersign(t, "key", "add", "--key-file", scene.path("key.pem"),
				"--certificates", scene.path("chain.pem"), "local")
			if ran.ExitCode != 0 {
				t.Fatalf("countersign key add: %s", ran)
			}
			return []string{"--key", "local"}
		},
		signer: func(t *testing.T, scene signingScene) notation.Signer {
			local, err := signer.NewFromFiles(scene.path("key.pem"), scene.path("chain.pem"))
			if err != nil {
				t.Fatal(err)
			}
			return local
		},
	},
	pluginWay(rawPlugin, certificates.Kinds[1], false),
	pluginWay(envelopePlugin, certificates.Kinds[3], true),
	{
		name: "AWS KMS",
		kind: certificates.Kinds[4],
		flags: func(t *testing.T, scene signingScene) []string {
			key := createKMSKey(t, "ECC_NIST_P384")
			key.certify(t, scene.hierarchy, scene.path("kms.pem"))
			return []string{"--kms-key", key.arn, "--certificate-chain", scene.path("kms.pem")}
		},
		signer: func(t *testing.T, scene signingScene) notation.Signer {
			key := createKMSKey(t, "ECC_NIST_P384")
			return key.signByNotation(t, scene.directory, scene.hierarchy)
		},
	},
}

func pluginWay(name string, kind certificates.Kind, stampsItself bool) signingWay {
	install := func(t *testing.T, directory notationDir) {
		directory.installPlugin(t, name, programs.Require(t, "INTEROP_PLUGIN_BIN"))
	}
	return signingWay{
		name: "plugin " + name,
		kind: kind,
		flags: func(t *testing.T, scene signingScene) []string {
			install(t, scene.directory)
			return []string{"--plugin", name, "--id", scene.keyDirectory}
		},
		signer: func(t *testing.T, scene signingScene) notation.Signer {
			install(t, scene.directory)
			return scene.directory.pluginSigner(t, name, scene.keyDirectory)
		},
		stampsItself: stampsItself,
	}
}

// waySigned is an image that was signed in one of the ways.
type waySigned struct {
	signedImage
	name    string
	stamped bool
}

// TestSigners signs by countersign and by notation-go in each way, in both
// formats, with a timestamp of sigstore's authority and without, and asks
// both verifiers about all of it.
func TestSigners(t *testing.T) {
	server := registries[0]
	authority := programs.StartTimeAuthority(t, nil)
	var kinds []certificates.Kind
	for _, way := range signingWays {
		kinds = append(kinds, way.kind)
	}
	hierarchies := certificates.NewHierarchies(t, kinds)

	trusted := trust{storeType: truststore.TypeCA, identities: []string{"*"}, registryHost: server.host}
	for _, hierarchy := range hierarchies {
		trusted.anchorsDER = append(trusted.anchorsDER, hierarchy.Root.Certificate.Raw)
	}
	plain := newNotationDir(t, trusted)
	trusted.timeAuthoritiesDER = [][]byte{authority.Root.Raw}
	trusted.verifyTimestamp = trustpolicy.OptionAlways
	demanding := newNotationDir(t, trusted)

	var all []waySigned
	for i, way := range signingWays {
		scene := signingScene{plain, hierarchies[i], t.TempDir()}
		programs.WriteKey(t, scene.keyDirectory, scene.hierarchy.SigningKey, scene.hierarchy.Chain(t, nil))
		all = append(all, way.signAll(t, server, scene, authority)...)
	}
	expectAll := func(name string, directory notationDir, wantOf func(waySigned) judgement) {
		t.Run(name, func(t *testing.T) {
			var targets []signedImage
			for _, signed := range all {
				targets = append(targets, signed.signedImage)
			}
			byCountersign := directory.countersignJudges(t, targets)
			for _, signed := range all {
				want := wantOf(signed)
				expectJudgement(t, signed.name+": notation-go", directory.notationJudges(t, signed.image), want)
				expectJudgement(t, signed.name+": countersign", byCountersign[signed.reference()], want)
			}
		})
	}
	expectAll("timestamps asked for where needed", plain, func(waySigned) judgement {
		return judgementAt("strict", "")
	})
	expectAll("timestamps asked for always", demanding, func(signed waySigned) judgement {
		return judgementIf("strict", string(badTimestamp), !signed.stamped)
	})
}

// TestSignersAWSSigner is TestSigners for AWS Signer, which makes JWS and
// whose signatures carry its own time.
func TestSignersAWSSigner(t *testing.T) {
	scene := newScene(t, registries[0], "signers/aws-signer")
	scene.signByCountersign(t)
	scene.expectEverywhere(t, accepted)
	scene.image = pushImage(t, scene.server, "signers/aws-signer")
	scene.signByNotation(t)
	scene.expectEverywhere(t, accepted)
}

// signAll signs an image by each program, in each format, with and without a
// timestamp.
func (w signingWay) signAll(t *testing.T, server *registryServer, scene signingScene, authority *programs.TimeAuthority) []waySigned {
	t.Helper()
	flags, local := w.flags(t, scene), w.signer(t, scene)
	stampConfig := map[string]string{
		"timestamp_url":       authority.NotationAddress,
		"timestamp_root_cert": authority.RootPath,
	}
	var made []waySigned
	for format, mediaType := range map[string]string{"jws": mediaTypeJWS, "cose": mediaTypeCOSE} {
		for _, stamped := range []bool{true, false} {
			name := fmt.Sprintf("%s, %s, stamped: %t", w.name, format, stamped)

			target := pushImage(t, server, "signers")
			args := append([]string{"sign", target.reference(), "--signature-format", format}, flags...)
			switch {
			case stamped && w.stampsItself:
				for key, value := range stampConfig {
					args = append(args, "--plugin-config", key+"="+value)
				}
			case stamped:
				args = append(args, "--timestamp-url", authority.Address, "--timestamp-root-cert", authority.RootPath)
			}
			if ran := scene.directory.countersign(t, args...); ran.ExitCode != 0 {
				t.Fatalf("%s: countersign sign: %s", name, ran)
			}
			made = append(made, expectSigned(t, target, mediaType, stamped, name+", by countersign"))

			target = pushImage(t, server, "signers")
			options := notation.SignerSignOptions{SignatureMediaType: mediaType}
			switch {
			case stamped && w.stampsItself:
				options.PluginConfig = stampConfig
			case stamped:
				authority.Stamp(t, &options)
			}
			notationSignWith(t, local, target, options)
			made = append(made, expectSigned(t, target, mediaType, stamped, name+", by notation-go"))
		}
	}
	return made
}

// expectSigned fails the test unless the image's one signature has this format
// and has a timestamp or none.
func expectSigned(t *testing.T, target image, mediaType string, stamped bool, name string) waySigned {
	t.Helper()
	stored := target.onlySignature(t)
	envelope, err := signature.ParseEnvelope(stored.mediaType, stored.envelope)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	content, err := envelope.Content()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	hasStamp := len(content.SignerInfo.UnsignedAttributes.TimestampSignature) > 0
	if stored.mediaType != mediaType || hasStamp != stamped {
		t.Errorf("%s: signed as %s, with a timestamp: %t", name, stored.mediaType, hasStamp)
	}
	return waySigned{signedImage{target, stored.manifest.Digest.String()}, name, stamped}
}
