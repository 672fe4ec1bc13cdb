package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/plugin/proto"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

// kmsSpecs are the keys of AWS KMS that may sign, in the order of
// certificates.Kinds.
var kmsSpecs = []string{"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"}

// kmsKey is an asymmetric key of AWS KMS.
type kmsKey struct {
	arn    string
	public crypto.PublicKey
}

// kmsAPI is AWS's own SDK, configured by the environment alone.
func kmsAPI(t *testing.T) *kms.Client {
	t.Helper()
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kms.NewFromConfig(configuration)
}

func createKMSKey(t *testing.T, spec string) kmsKey {
	t.Helper()
	return createKMSKeyFor(t, types.KeyUsageTypeSignVerify, spec)
}

func createKMSKeyFor(t *testing.T, usage types.KeyUsageType, spec string) kmsKey {
	t.Helper()
	created, err := kmsAPI(t).CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpec(spec), KeyUsage: usage})
	if err != nil {
		t.Fatalf("creating a key: %v", err)
	}
	return publicKMSKey(t, aws.ToString(created.KeyMetadata.Arn))
}

func publicKMSKey(t *testing.T, arn string) kmsKey {
	t.Helper()
	answer, err := kmsAPI(t).GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &arn})
	if err != nil {
		t.Fatalf("asking for the public key: %v", err)
	}
	public, err := x509.ParsePKIXPublicKey(answer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return kmsKey{arn, public}
}

// certify has the authorities issue the key's certificate, and writes its chain.
func (k kmsKey) certify(t *testing.T, hierarchy certificates.Hierarchy, path string) {
	t.Helper()
	programs.WriteChain(t, path, hierarchy.ChainFor(t, k.public, nil))
}

// signByNotation is `notation sign --plugin aws-kms --id ARN --plugin-config
// certificate_chain=FILE`.
func (k kmsKey) signByNotation(t *testing.T, directory notationDir, hierarchy certificates.Hierarchy) notation.Signer {
	t.Helper()
	chainPath := filepath.Join(t.TempDir(), "chain.pem")
	k.certify(t, hierarchy, chainPath)
	return k.notationSigner(t, directory, chainPath)
}

func (k kmsKey) notationSigner(t *testing.T, directory notationDir, chainPath string) notation.Signer {
	t.Helper()
	directory.installPlugin(t, kmsPlugin, programs.Require(t, "COUNTERSIGN_BIN"))
	found, err := directory.plugins().Get(t.Context(), kmsPlugin)
	if err != nil {
		t.Fatalf("notation-go does not find the plugin: %v", err)
	}
	made, err := signer.NewFromPlugin(found, k.arn, map[string]string{"certificate_chain": chainPath})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestKMSKeys signs with every kind of key that AWS KMS has for it, by
// countersign and by notation-go through our plugin, in both formats.
func TestKMSKeys(t *testing.T) {
	server := registries[0]
	authorities := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	directory := newNotationDir(t, trust{
		storeType:    truststore.TypeCA,
		anchorsDER:   [][]byte{authorities.Root.Certificate.Raw},
		identities:   []string{"x509.subject: C=US, ST=WA, O=Interop"},
		registryHost: server.host,
	})
	var names []string
	var targets []signedImage
	for _, spec := range kmsSpecs {
		key := createKMSKey(t, spec)
		chainPath := filepath.Join(t.TempDir(), "chain.pem")
		key.certify(t, authorities, chainPath)
		throughPlugin := key.notationSigner(t, directory, chainPath)
		flags := map[string][]string{
			"jws":  {"--kms-key", key.arn, "--certificate-chain", chainPath},
			"cose": {"--plugin", kmsPlugin, "--id", key.arn, "--plugin-config", "certificate_chain=" + chainPath},
		}
		for format, mediaType := range map[string]string{"jws": mediaTypeJWS, "cose": mediaTypeCOSE} {
			target := pushImage(t, server, "kms")
			args := append([]string{"sign", target.reference(), "--signature-format", format}, flags[format]...)
			ran := directory.countersign(t, args...)
			if ran.ExitCode != 0 {
				t.Fatalf("countersign sign: %s", ran)
			}
			names = append(names, spec+" "+format+" by countersign")
			targets = append(targets, withSignature(t, target))

			target = pushImage(t, server, "kms")
			notationSign(t, throughPlugin, target, mediaType, nil)
			names = append(names, spec+" "+format+" by notation-go")
			targets = append(targets, withSignature(t, target))
		}
	}
	byCountersign := directory.countersignJudges(t, targets)
	want := judgementAt("strict", "")
	for i, target := range targets {
		expectJudgement(t, names[i]+": notation-go", directory.notationJudges(t, target.image), want)
		expectJudgement(t, names[i]+": countersign", byCountersign[target.reference()], want)
	}
}

// TestNotationHearsWhatKMSRefuses: AWS KMS's words reach the user of Notation,
// with a code of the plugin contract.
func TestNotationHearsWhatKMSRefuses(t *testing.T) {
	server := registries[0]
	authorities := certificates.NewHierarchies(t, certificates.Kinds[4:5])[0]
	directory := newNotationDir(t, trust{
		storeType:    truststore.TypeCA,
		anchorsDER:   [][]byte{authorities.Root.Certificate.Raw},
		identities:   []string{"*"},
		registryHost: server.host,
	})
	target := pushImage(t, server, "kms-refuses")
	certified := func(key kmsKey) (kmsKey, string) {
		path := filepath.Join(t.TempDir(), "chain.pem")
		key.certify(t, authorities, path)
		return key, path
	}
	key, chainPath := certified(createKMSKey(t, "ECC_NIST_P384"))
	encrypting, encryptingChain := certified(createKMSKeyFor(t, types.KeyUsageTypeEncryptDecrypt, "RSA_2048"))
	disabled, disabledChain := certified(createKMSKey(t, "ECC_NIST_P384"))
	if _, err := kmsAPI(t).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &disabled.arn}); err != nil {
		t.Fatal(err)
	}
	elsewhere := key
	elsewhere.arn = strings.Replace(key.arn, ":us-east-1:", ":eu-west-1:", 1)

	for _, test := range []struct {
		name      string
		key       kmsKey
		chainPath string
		// operation goes wrong by this fault.
		operation, fault string
		// code is empty where notation-go keeps the words alone, as it does of
		// whatever happens while an envelope is made.
		code plugin.ErrorCode
		// reason is that of the error's metadata.
		reason string
		says   string
	}{
		{"disabled", disabled, disabledChain, "", "", plugin.ErrorCodeValidation, "key-disabled", disabled.arn + " is disabled"},
		{"another usage", encrypting, encryptingChain, "", "", plugin.ErrorCodeValidation, "key-usage", "ENCRYPT_DECRYPT"},
		{"another key's certificate", key, disabledChain, "", "", plugin.ErrorCodeValidation, "certificate", "certificate"},
		{"another region", elsewhere, chainPath, "", "", plugin.ErrorCodeValidation, "key-not-found", "does not exist"},
		{"denied", key, chainPath, "GetPublicKey", "access-denied", plugin.ErrorCodeAccessDenied, "denied", "kms:GetPublicKey on resource: " + key.arn},
		{"denied to sign", key, chainPath, "Sign", "access-denied", "", "", "kms:Sign on resource: " + key.arn},
		{"throttled", key, chainPath, "GetPublicKey", "throttle", plugin.ErrorCodeThrottled, "throttled", "You have exceeded the rate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var err error
			sign := func() {
				_, err = notation.Sign(t.Context(), test.key.notationSigner(t, directory, test.chainPath), target.signatures,
					notation.SignOptions{
						SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: mediaTypeJWS},
						ArtifactReference: target.reference(),
					})
			}
			if test.fault == "" {
				sign()
			} else {
				withFault(t, test.operation, test.fault, sign)
			}
			if err == nil {
				t.Fatal("notation-go signs")
			}
			var refusal proto.RequestError
			if errors.As(err, &refusal) != (test.code != "") || refusal.Code != test.code || refusal.Metadata["reason"] != test.reason || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s %v: %v, expected %s %q with %q", refusal.Code, refusal.Metadata, err, test.code, test.reason, test.says)
			}
		})
	}
	expectVerdict(t, "notation-go", directory.notationVerify(t, target), unsigned)
}

// TestAWSClientsUseKMS makes and uses a key with AWS's own clients; what they
// signed is verified with Go's cryptography. Go's SDK does the rest, because
// the others take a second for each call.
func TestAWSClientsUseKMS(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			created := client.call(t, nil, "kms", "create-key", map[string]any{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
			metadata, _ := created["KeyMetadata"].(map[string]any)
			arn, _ := metadata["Arn"].(string)
			api, alias := kmsAPI(t), "alias/interop-"+client.name
			if _, err := api.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &arn}); err != nil {
				t.Fatal(err)
			}
			parameters := map[string]any{"KeyId": alias, "Message": notaryPayload, "SigningAlgorithm": "ECDSA_SHA_256"}
			signed := client.call(t, nil, "kms", "sign", parameters)
			if signed["KeyId"] != arn {
				t.Errorf("signed by %v, expected %v", signed["KeyId"], arn)
			}
			digest := sha256.Sum256([]byte(notaryPayload))
			key, isECDSA := publicKMSKey(t, arn).public.(*ecdsa.PublicKey)
			if !isECDSA || !ecdsa.VerifyASN1(key, digest[:], decodePrinted(t, signed["Signature"])) {
				t.Errorf("the signature is not good: %v", signed)
			}
			if _, err := api.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &arn}); err != nil {
				t.Fatal(err)
			}
			refused := client.run(t, nil, "kms", "sign", parameters)
			if refused.ExitCode == 0 || !strings.Contains(refused.Stderr, "DisabledException") {
				t.Errorf("a disabled key: %s", refused)
			}
		})
	}
}

// decodePrinted is the bytes that a client printed as base64.
func decodePrinted(t *testing.T, printed any) []byte {
	t.Helper()
	encoded, _ := printed.(string)
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(decoded) == 0 {
		t.Fatalf("not base64: %v", printed)
	}
	return decoded
}
