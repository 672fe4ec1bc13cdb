package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// scene is one case's own signing profile, image and Notation directory,
// which trusts the emulator's root and that profile.
type scene struct {
	server    *registryServer
	profile   signingProfile
	image     image
	directory notationDir
}

func newScene(t *testing.T, server *registryServer, repository string) scene {
	t.Helper()
	profile := createProfile(t)
	return scene{
		server:    server,
		profile:   profile,
		image:     pushImage(t, server, repository),
		directory: directoryTrusting(t, server, emulator.RootDER, profile.arn),
	}
}

// directoryTrusting is a Notation directory with our plugin that trusts one
// root and one signing profile.
func directoryTrusting(t *testing.T, server *registryServer, anchorDER []byte, profileARN string) notationDir {
	t.Helper()
	directory := newNotationDir(t, trust{
		storeType:    truststore.TypeSigningAuthority,
		anchorsDER:   [][]byte{anchorDER},
		identities:   []string{profileARN},
		registryHost: server.host,
	})
	directory.installPlugin(t, pluginName, programs.Require(t, "COUNTERSIGN_BIN"))
	return directory
}

// signByNotation signs with notation-go through our plugin.
func (s scene) signByNotation(t *testing.T) {
	t.Helper()
	notationSign(t, s.directory.pluginSigner(t, pluginName, s.profile.arn), s.image, mediaTypeJWS, nil)
}

// signByAPI attaches what AWS Signer answers, which no client has looked at: ours would refuse what
// nobody can verify.
func (s scene) signByAPI(t *testing.T) {
	t.Helper()
	target := map[string]any{
		"mediaType": s.image.descriptor.MediaType,
		"digest":    s.image.descriptor.Digest,
		"size":      s.image.descriptor.Size,
	}
	signed, err := signerAPI(t).SignPayload(t.Context(), &signer.SignPayloadInput{
		ProfileName:   aws.String(s.profile.name),
		Payload:       mustMarshal(t, map[string]any{"targetArtifact": target}),
		PayloadFormat: aws.String("application/vnd.cncf.notary.payload.v1+json"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.image.attach(t, mediaTypeJWS, signed.Signature)
}

// signByCountersign signs with the command line.
func (s scene) signByCountersign(t *testing.T) {
	t.Helper()
	ran := s.directory.countersign(t, "sign", s.image.reference(), "--signing-profile", s.profile.arn)
	if ran.ExitCode != 0 {
		t.Fatalf("countersign sign: %s", ran)
	}
}

// expectEverywhere asks every verifier, by the policy and by the profile.
func (s scene) expectEverywhere(t *testing.T, want reason) {
	t.Helper()
	s.expectByPolicy(t, want)
	byProfile := countersignVerifyProfile(t, s.server, s.image, s.profile.arn, emulator.RootPath)
	expectVerdict(t, "countersign verify --signing-profile", byProfile, want)
}

// expectByPolicy asks the two verifiers that read the directory.
func (s scene) expectByPolicy(t *testing.T, want reason) {
	t.Helper()
	expectVerdict(t, "notation-go with our plugin", s.directory.notationVerify(t, s.image), want)
	expectVerdict(t, "countersign verify", s.directory.countersignVerify(t, s.image), want)
}

// signedJob is the ARN of the job that made a signature.
func signedJob(t *testing.T, envelope []byte) string {
	t.Helper()
	var parts jws
	if err := json.Unmarshal(envelope, &parts); err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(decodeBase64(t, parts.Protected), &header); err != nil {
		t.Fatal(err)
	}
	job, isText := header["com.amazonaws.signer.signingJob"].(string)
	if !isText {
		t.Fatalf("the protected header names no signing job: %v", header)
	}
	return job
}

// writePEM writes a certificate to a file of its own.
func writePEM(t *testing.T, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(path, programs.EncodePEM(der), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
