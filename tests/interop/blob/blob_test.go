package blob

import (
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/certificates"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	awssigner "github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/notaryproject/tspclient-go"
)

// TestLocalKeys signs with every kind of key, which decides on the file's
// digest, by each and for both.
func TestLocalKeys(t *testing.T) {
	for _, hierarchy := range certificates.NewHierarchies(t, certificates.Kinds) {
		for format := range formats {
			t.Run(hierarchy.Kind.Name+"/"+format, func(t *testing.T) {
				directory := localScene(t, hierarchy, nil)
				signByNotation(t, directory, format, localSigner(t, directory), nil)
				expectBoth(t, directory, format)
				addKey(t, directory)
				signByCountersign(t, directory, format, "--key", "local")
				expectBoth(t, directory, format)
			})
		}
	}
}

// TestTimestamps has sigstore's authority stamp the signatures, which the
// policy asks for.
func TestTimestamps(t *testing.T) {
	authority := startTimeAuthority(t)
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]
	for format := range formats {
		t.Run(format, func(t *testing.T) {
			directory := localScene(t, hierarchy, encodePEM(authority.root))
			signByNotation(t, directory, format, localSigner(t, directory), func(options *notation.SignerSignOptions) {
				options.TSARootCAs = x509.NewCertPool()
				options.TSARootCAs.AddCert(authority.root)
				client := &http.Client{Timeout: runTimeout, Transport: createdIsOK{http.DefaultTransport}}
				timestamper, err := tspclient.NewHTTPTimestamper(client, authority.address)
				if err != nil {
					t.Fatal(err)
				}
				options.Timestamper = timestamper
			})
			expectBoth(t, directory, format)

			write(t, filepath.Join(directory, "tsa.crt"), encodePEM(authority.root))
			addKey(t, directory)
			signByCountersign(t, directory, format, "--key", "local",
				"--timestamp-url", authority.address, "--timestamp-root-cert", "tsa.crt")
			expectBoth(t, directory, format)

			// Without a stamp this policy's answer is no.
			signByCountersign(t, directory, format, "--key", "local")
			if err := verifyByNotation(t, directory, format, content); err == nil {
				t.Error("notation-go accepts a signature without a time stamp")
			}
			signature := fileName + "." + format + ".sig"
			if code, said := countersign(t, directory, "blob", "verify", "-s", signature, fileName); code != 1 {
				t.Errorf("countersign, a signature without a time stamp: exit code %d\n%s", code, said)
			}
		})
	}
}

// TestPlugin has a plugin in Go sign, for each.
func TestPlugin(t *testing.T) {
	const name = "interop-raw"
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[1:2])[0]
	for format := range formats {
		t.Run(format, func(t *testing.T) {
			directory := localScene(t, hierarchy, nil)
			install(t, directory, name, requireProgram(t, "INTEROP_PLUGIN_BIN"))
			signByNotation(t, directory, format, pluginSigner(t, directory, name, directory, nil), nil)
			expectBoth(t, directory, format)
			signByCountersign(t, directory, format, "--plugin", name, "--id", directory)
			expectBoth(t, directory, format)
		})
	}
}

// TestKMS signs with a key of AWS KMS: notation-go through our plugin.
func TestKMS(t *testing.T) {
	const name = "aws-kms"
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api := kms.NewFromConfig(configuration)
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	created, err := api.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecEccNistP384, KeyUsage: types.KeyUsageTypeSignVerify})
	if err != nil {
		t.Fatal(err)
	}
	arn := aws.ToString(created.KeyMetadata.Arn)
	answer, err := api.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &arn})
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(answer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for format := range formats {
		t.Run(format, func(t *testing.T) {
			directory := localScene(t, hierarchy, nil)
			writeKey(t, directory, hierarchy.SigningKey, hierarchy.ChainFor(t, public, nil))
			chain := filepath.Join(directory, "chain.pem")
			install(t, directory, name, requireProgram(t, "COUNTERSIGN_BIN"))
			settings := map[string]string{"certificate_chain": chain}
			signByNotation(t, directory, format, pluginSigner(t, directory, name, arn, settings), nil)
			expectBoth(t, directory, format)
			signByCountersign(t, directory, format, "--kms-key", arn, "--certificate-chain", chain)
			expectBoth(t, directory, format)
		})
	}
}

// TestAWSSigner signs by AWS Signer, which notation-go cannot do for files, and
// has notation-go verify with our plugin.
func TestAWSSigner(t *testing.T) {
	const name = "com.amazonaws.signer.notation.plugin"
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	created, err := awssigner.NewFromConfig(configuration).PutSigningProfile(t.Context(), &awssigner.PutSigningProfileInput{
		ProfileName: aws.String("interop_" + strings.ToLower(rand.Text())),
		PlatformId:  aws.String("Notation-OCI-SHA384-ECDSA"),
	})
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(emulatorRoot)
	if err != nil {
		t.Fatal(err)
	}
	arn := aws.ToString(created.Arn)
	directory := newDirectory(t, truststore.TypeSigningAuthority, root, arn, nil)
	install(t, directory, name, requireProgram(t, "COUNTERSIGN_BIN"))
	signByCountersign(t, directory, "jws", "--signing-profile", arn)
	expectBoth(t, directory, "jws")

	_, _, err = notation.SignBlob(t.Context(), pluginSigner(t, directory, name, arn, nil), strings.NewReader("x"), notation.SignBlobOptions{
		SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: formats["jws"]},
		ContentMediaType:  "application/octet-stream",
	})
	if err == nil || !strings.Contains(err.Error(), "capability") {
		t.Errorf("notation-go and a plugin that makes envelopes only: %v", err)
	}
}

func addKey(t *testing.T, directory string) {
	t.Helper()
	mustCountersign(t, directory, "key", "add", "--key-file", "key.pem", "--certificates", "chain.pem", "local")
}

func localSigner(t *testing.T, directory string) notation.BlobSigner {
	t.Helper()
	made, err := signer.NewGenericSignerFromFiles(filepath.Join(directory, "key.pem"), filepath.Join(directory, "chain.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func pluginSigner(t *testing.T, directory, name, keyID string, settings map[string]string) notation.BlobSigner {
	t.Helper()
	found, err := plugins(directory).Get(t.Context(), name)
	if err != nil {
		t.Fatalf("notation-go does not find the plugin: %v", err)
	}
	made, err := signer.NewPluginSigner(found, keyID, settings)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
