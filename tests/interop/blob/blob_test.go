package blob

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awssigner "github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
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
	root, err := os.ReadFile(emulator.RootPath)
	if err != nil {
		t.Fatal(err)
	}
	arn := aws.ToString(created.Arn)
	directory := newDirectory(t, truststore.TypeSigningAuthority, root, arn, nil)
	programs.InstallPlugin(t, directory, name, programs.Require(t, "COUNTERSIGN_BIN"))
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
