package blob

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/notaryproject/notation-go"
)

const (
	// rawPlugin makes signatures, envelopePlugin whole envelopes of files: both
	// are the program in ../plugin.
	rawPlugin      = "interop-raw"
	envelopePlugin = "interop-envelope-for-blob"
	// kmsPlugin is our program again, under another name.
	kmsPlugin = "aws-kms"
)

// signingWay is a way to sign files.
type signingWay struct {
	name string
	// kind is the kind of key.
	kind certificates.Kind
	// prepare makes the directory fit, where the hierarchy's key and chain are
	// already, and returns the flags of `countersign blob sign` and what
	// notation-go signs with: nil where it cannot.
	prepare func(t *testing.T, directory string, hierarchy certificates.Hierarchy) ([]string, notation.BlobSigner)
	// stampsItself says that a timestamp is the plugin's business, which is
	// told by its configuration.
	stampsItself bool
}

// signingWays are all but AWS Signer, whose certificates are its own.
var signingWays = []signingWay{
	{
		name: "local key",
		kind: certificates.Kinds[3],
		prepare: func(t *testing.T, directory string, _ certificates.Hierarchy) ([]string, notation.BlobSigner) {
			addKey(t, directory)
			return []string{"--key", "local"}, localSigner(t, directory)
		},
	},
	{
		name: "AWS KMS",
		kind: certificates.Kinds[4],
		prepare: func(t *testing.T, directory string, hierarchy certificates.Hierarchy) ([]string, notation.BlobSigner) {
			arn, public := createKMSKey(t, types.KeySpecEccNistP384)
			chain := filepath.Join(directory, "kms.pem")
			programs.WriteChain(t, chain, hierarchy.ChainFor(t, public, nil))
			programs.InstallPlugin(t, directory, kmsPlugin, programs.Require(t, "COUNTERSIGN_BIN"))
			settings := map[string]string{"certificate_chain": chain}
			return []string{"--kms-key", arn, "--certificate-chain", chain}, pluginSigner(t, directory, kmsPlugin, arn, settings)
		},
	},
	{
		name: "plugin " + rawPlugin,
		kind: certificates.Kinds[1],
		prepare: func(t *testing.T, directory string, _ certificates.Hierarchy) ([]string, notation.BlobSigner) {
			programs.InstallPlugin(t, directory, rawPlugin, programs.Require(t, "INTEROP_PLUGIN_BIN"))
			return []string{"--plugin", rawPlugin, "--id", directory}, pluginSigner(t, directory, rawPlugin, directory, nil)
		},
	},
	{
		// A capability that notation-go does not have: it verifies only.
		name: "plugin " + envelopePlugin,
		kind: certificates.Kinds[3],
		prepare: func(t *testing.T, directory string, _ certificates.Hierarchy) ([]string, notation.BlobSigner) {
			programs.InstallPlugin(t, directory, envelopePlugin, programs.Require(t, "INTEROP_PLUGIN_BIN"))
			return []string{"--plugin", envelopePlugin, "--id", directory}, nil
		},
		stampsItself: true,
	},
}

// TestSigners signs by countersign and by notation-go in each way, in both
// formats, with a timestamp of sigstore's authority and without, and asks
// both verifiers about all of it: by a policy that asks for no timestamps,
// and by one that asks for them.
func TestSigners(t *testing.T) {
	authority := programs.StartTimeAuthority(t, nil)
	var kinds []certificates.Kind
	for _, way := range signingWays {
		kinds = append(kinds, way.kind)
	}
	for i, hierarchy := range certificates.NewHierarchies(t, kinds) {
		way := signingWays[i]
		plain := localScene(t, hierarchy, nil)
		demanding := localScene(t, hierarchy, programs.EncodePEM(authority.Root.Raw))
		flags, signer := way.prepare(t, plain, hierarchy)
		for format := range formats {
			for _, stamped := range []bool{true, false} {
				expectSigned := func(t *testing.T) {
					t.Helper()
					expectBoth(t, plain, format)
					signature := fileName + "." + format + ".sig"
					envelope, err := os.ReadFile(filepath.Join(plain, signature))
					if err != nil {
						t.Fatal(err)
					}
					programs.WriteFile(t, filepath.Join(demanding, signature), envelope)
					if stamped {
						expectAnswers(t, demanding, format, fileName, "")
					} else {
						expectAnswers(t, demanding, format, fileName, "no timestamp countersignature was found in the signature envelope")
					}
				}
				name := fmt.Sprintf("%s/%s/stamped: %t", way.name, format, stamped)
				t.Run(name+"/by countersign", func(t *testing.T) {
					signByCountersign(t, plain, format, append(way.stampFlags(stamped, authority), flags...)...)
					expectSigned(t)
				})
				if signer == nil {
					continue
				}
				t.Run(name+"/by notation-go", func(t *testing.T) {
					signByNotation(t, plain, format, signer, func(options *notation.SignerSignOptions) {
						if stamped {
							authority.Stamp(t, options)
						}
					})
					expectSigned(t)
				})
			}
		}
	}
}

// stampFlags are the flags of `countersign blob sign` for a timestamp.
func (w signingWay) stampFlags(stamped bool, authority *programs.TimeAuthority) []string {
	switch {
	case stamped && w.stampsItself:
		return []string{
			"--plugin-config", "timestamp_url=" + authority.NotationAddress,
			"--plugin-config", "timestamp_root_cert=" + authority.RootPath,
		}
	case stamped:
		return []string{"--timestamp-url", authority.Address, "--timestamp-root-cert", authority.RootPath}
	}
	return nil
}

// createKMSKey makes a key that signs, with AWS's own SDK.
func createKMSKey(t *testing.T, spec types.KeySpec) (arn string, public any) {
	t.Helper()
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api := kms.NewFromConfig(configuration)
	created, err := api.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
	if err != nil {
		t.Fatal(err)
	}
	arn = aws.ToString(created.KeyMetadata.Arn)
	answer, err := api.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &arn})
	if err != nil {
		t.Fatal(err)
	}
	public, err = x509.ParsePKIXPublicKey(answer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return arn, public
}
