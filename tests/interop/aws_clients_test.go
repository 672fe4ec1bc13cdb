package interop

import (
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/programs"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
)

// awsClient is one of AWS's own clients. Operations are named as the command
// line does (put-signing-profile), parameters as the API does.
type awsClient struct {
	name string
	// run makes the call with more variables in the environment.
	run func(t *testing.T, environment []string, service, operation string, parameters map[string]any) programs.Result
}

var awsClients = []awsClient{
	{"boto3", func(t *testing.T, environment []string, service, operation string, parameters map[string]any) programs.Result {
		script, err := filepath.Abs("python/boto3_call.py")
		if err != nil {
			t.Fatal(err)
		}
		python := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "python")
		operation = strings.ReplaceAll(operation, "-", "_")
		return programs.Run(t, t.TempDir(), append(os.Environ(), environment...), python, script, service, operation, string(mustMarshal(t, parameters)))
	}},
	{"aws", func(t *testing.T, environment []string, service, operation string, parameters map[string]any) programs.Result {
		program := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "aws")
		return programs.Run(t, t.TempDir(), append(os.Environ(), environment...), program, service, operation,
			"--output", "json", "--cli-input-json", string(mustMarshal(t, parameters)))
	}},
}

// call makes a call that must succeed.
func (c awsClient) call(t *testing.T, environment []string, service, operation string, parameters map[string]any) map[string]any {
	t.Helper()
	ran := c.run(t, environment, service, operation, parameters)
	if ran.ExitCode != 0 {
		t.Fatalf("%s %s %s: %s", c.name, service, operation, ran)
	}
	answer := map[string]any{}
	if ran.Stdout == "" {
		return answer
	}
	if err := json.Unmarshal([]byte(ran.Stdout), &answer); err != nil {
		t.Fatalf("%s %s %s printed no JSON: %s", c.name, service, operation, ran)
	}
	return answer
}

// TestAWSClientsSignAndRevoke creates a profile, signs, revokes and reads
// the status with AWS's own clients.
func TestAWSClientsSignAndRevoke(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			name := "interop_" + strings.ToLower(rand.Text())
			profile := client.call(t, nil, "signer", "put-signing-profile", map[string]any{
				"profileName": name, "platformId": notationPlatform,
			})
			signed := client.call(t, nil, "signer", "sign-payload", map[string]any{
				"profileName":   name,
				"payload":       notaryPayload,
				"payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
			})
			content := verifyAnswer(t, signed["signature"])
			jobARN := signedAttribute(t, content, "com.amazonaws.signer.signingJob")
			profileARN := signedAttribute(t, content, "com.amazonaws.signer.signingProfileVersion")
			if profileARN != profile["profileVersionArn"] {
				t.Errorf("signed by %v, expected %v", profileARN, profile["profileVersionArn"])
			}
			question := revocationQuestion(content)

			expectRevoked(t, client, question)
			client.call(t, nil, "signer", "revoke-signature", map[string]any{"jobId": signed["jobId"], "reason": "interop"})
			expectRevoked(t, client, question, jobARN)
			client.call(t, nil, "signer", "revoke-signing-profile", map[string]any{
				"profileName":    name,
				"profileVersion": profile["profileVersion"],
				"reason":         "interop",
				"effectiveTime":  time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
			})
			expectRevoked(t, client, question, jobARN, profileARN)

			job := client.call(t, nil, "signer", "describe-signing-job", map[string]any{"jobId": signed["jobId"]})
			if job["revocationRecord"] == nil {
				t.Errorf("the job shows no revocation: %v", job)
			}
		})
	}
}

// TestAWSClientsAreRefusedAsAWSRefuses reads AWS's error codes.
func TestAWSClientsAreRefusedAsAWSRefuses(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			unknown := client.run(t, nil, "signer", "get-signing-profile", map[string]any{"profileName": "interop_unknown"})
			if unknown.ExitCode == 0 || !strings.Contains(unknown.Stderr, "ResourceNotFoundException") {
				t.Errorf("an unknown profile: %s", unknown)
			}
			wrongKey := client.run(t, []string{"AWS_SECRET_ACCESS_KEY=wrong"}, "signer", "list-signing-profiles", map[string]any{})
			if wrongKey.ExitCode == 0 || !strings.Contains(wrongKey.Stderr, "SignatureException") {
				t.Errorf("a wrong secret key: %s", wrongKey)
			}
		})
	}
}

// TestGoSDKAsksForRevocationThroughTheProxy is how AWS's Go plugin asks: its
// SDK puts "data-" before the endpoint's host, and only a proxy resolves that.
func TestGoSDKAsksForRevocationThroughTheProxy(t *testing.T) {
	proxy, err := url.Parse(emulator.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	throughProxy := func(options *signer.Options) {
		options.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
			transport.Proxy = http.ProxyURL(proxy)
		})
	}
	api := signerAPI(t)
	profile := createProfile(t)
	signed, err := api.SignPayload(t.Context(), &signer.SignPayloadInput{
		ProfileName:   aws.String(profile.name),
		Payload:       []byte(notaryPayload),
		PayloadFormat: aws.String("application/vnd.cncf.notary.payload.v1+json"),
	}, throughProxy)
	if err != nil {
		t.Fatal(err)
	}
	content := verifyEnvelope(t, signed.Signature)
	jobARN := signedAttribute(t, content, "com.amazonaws.signer.signingJob")
	status := func() []string {
		answer, err := api.GetRevocationStatus(t.Context(), &signer.GetRevocationStatusInput{
			CertificateHashes:  certificateHashes(content.SignerInfo.CertificateChain),
			JobArn:             aws.String(jobARN),
			PlatformId:         aws.String(notationPlatform),
			ProfileVersionArn:  aws.String(signedAttribute(t, content, "com.amazonaws.signer.signingProfileVersion")),
			SignatureTimestamp: aws.Time(content.SignerInfo.SignedAttributes.SigningTime),
		}, throughProxy)
		if err != nil {
			t.Fatal(err)
		}
		return answer.RevokedEntities
	}
	if got := status(); len(got) != 0 {
		t.Errorf("revoked before the revocation: %v", got)
	}
	revokeJob(t, jobARN)
	if got := status(); !slices.Equal(got, []string{jobARN}) {
		t.Errorf("revoked: %v, expected the job %s", got, jobARN)
	}
}

// notaryPayload is what Notation would have AWS Signer sign.
const notaryPayload = `{"targetArtifact":{"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
	`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}`

// verifyAnswer verifies the base64 that a client printed for the envelope.
func verifyAnswer(t *testing.T, printed any) *signature.EnvelopeContent {
	t.Helper()
	encoded, _ := printed.(string)
	envelope, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatalf("the signature is not base64: %v", printed)
	}
	return verifyEnvelope(t, envelope)
}

// verifyEnvelope verifies an envelope with notation-core-go.
func verifyEnvelope(t *testing.T, envelope []byte) *signature.EnvelopeContent {
	t.Helper()
	parsed, err := signature.ParseEnvelope(mediaTypeJWS, envelope)
	if err != nil {
		t.Fatal(err)
	}
	content, err := parsed.Verify()
	if err != nil {
		t.Fatal(err)
	}
	if string(content.Payload.Content) != notaryPayload {
		t.Errorf("signed %s", content.Payload.Content)
	}
	return content
}

func signedAttribute(t *testing.T, content *signature.EnvelopeContent, name string) string {
	t.Helper()
	attribute, err := content.SignerInfo.ExtendedAttribute(name)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := attribute.Value.(string)
	if value == "" || !attribute.Critical {
		t.Errorf("attribute %s: %+v", name, attribute)
	}
	return value
}

// revocationQuestion is GetRevocationStatus for everything in an envelope.
func revocationQuestion(content *signature.EnvelopeContent) map[string]any {
	question := map[string]any{
		"certificateHashes":  certificateHashes(content.SignerInfo.CertificateChain),
		"platformId":         notationPlatform,
		"signatureTimestamp": content.SignerInfo.SignedAttributes.SigningTime.UTC().Format(time.RFC3339),
	}
	for _, attribute := range content.SignerInfo.SignedAttributes.ExtendedAttributes {
		switch attribute.Key {
		case "com.amazonaws.signer.signingJob":
			question["jobArn"] = attribute.Value
		case "com.amazonaws.signer.signingProfileVersion":
			question["profileVersionArn"] = attribute.Value
		}
	}
	return question
}

// certificateHashes is what AWS Signer calls a certificate: the SHA-384 of
// what was signed in it, then of its issuer.
func certificateHashes(chain []*x509.Certificate) []string {
	hashes := make([]string, len(chain))
	for i, certificate := range chain {
		issuer := chain[min(i+1, len(chain)-1)]
		own, issuers := sha512.Sum384(certificate.RawTBSCertificate), sha512.Sum384(issuer.RawTBSCertificate)
		hashes[i] = hex.EncodeToString(own[:]) + hex.EncodeToString(issuers[:])
	}
	return hashes
}

// expectRevoked asks by every name that AWS's clients have for the data
// plane: its own service, and the older one, whose clients put a prefix
// before the endpoint's host and so need the emulator as their proxy. Older
// releases put "verification." there, newer ones "data-".
func expectRevoked(t *testing.T, client awsClient, question map[string]any, want ...string) {
	t.Helper()
	proxy := []string{"HTTP_PROXY=" + emulator.Endpoint, "http_proxy=" + emulator.Endpoint}
	verificationHost := strings.Replace(emulator.Endpoint, "://", "://verification.", 1)
	ways := []struct {
		service     string
		environment []string
	}{
		{"signer-data", nil},
		{"signer", proxy},
		{"signer-data", append(proxy, "AWS_ENDPOINT_URL_SIGNER_DATA="+verificationHost)},
	}
	slices.Sort(want)
	for _, way := range ways {
		answer := client.call(t, way.environment, way.service, "get-revocation-status", question)
		entities, _ := answer["revokedEntities"].([]any)
		got := make([]string, len(entities))
		for i, entity := range entities {
			got[i], _ = entity.(string)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s %s: revoked %v, expected %v", client.name, way.service, got, want)
		}
	}
}
