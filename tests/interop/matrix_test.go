package interop

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// mediaTypePayload is the content type of every Notary Project payload.
const mediaTypePayload = "application/vnd.cncf.notary.payload.v1+json"

// matrixState is what is wrong, if anything: with the signature, or with what
// the verifiers are told to trust.
type matrixState string

const (
	stateValid         matrixState = "valid"
	stateExpired       matrixState = "expired"
	stateOutdated      matrixState = "outdated certificate"
	stateUntrusted     matrixState = "untrusted"
	stateWrongIdentity matrixState = "wrong identity"
)

// matrixImage is an image and how it was signed.
type matrixImage struct {
	signedImage
	name  string
	state matrixState
}

// TestVerifiersAgree signs by Notation's local signer with each kind of key in
// both formats, and asks both verifiers at each level about what is good,
// expired, untrusted or another's: they must agree on every validation.
func TestVerifiersAgree(t *testing.T) {
	server := registries[0]
	hierarchies := certificates.NewHierarchies(t, certificates.Kinds)
	images := signMatrix(t, server, hierarchies)

	var roots [][]byte
	for _, hierarchy := range hierarchies {
		roots = append(roots, hierarchy.Root.Certificate.Raw)
	}
	foreign := [][]byte{foreignRoot(t).Raw}
	right := []string{"x509.subject: C=US, ST=WA, O=Interop"}
	wrong := []string{"x509.subject: C=US, ST=WA, O=Somebody Else"}

	for _, level := range []string{"strict", "permissive", "audit"} {
		expectAgreement(t, level, images, "", trust{anchorsDER: roots, identities: right})
		expectAgreement(t, level, images, stateUntrusted, trust{anchorsDER: foreign, identities: right})
		expectAgreement(t, level, images, stateWrongIdentity, trust{anchorsDER: roots, identities: wrong})
	}
	// Such a policy names neither stores nor identities.
	expectAgreement(t, "skip", images, "", trust{})
}

// expectAgreement asks both verifiers about all images at once. trustState
// says what the trust does to valid signatures; signatures with a flaw of
// their own are left out then.
func expectAgreement(t *testing.T, level string, images []matrixImage, trustState matrixState, trusted trust) {
	name := level
	if trustState != "" {
		name += "/" + string(trustState)
	}
	t.Run(name, func(t *testing.T) {
		trusted.storeType = truststore.TypeCA
		trusted.registryHost = images[0].server.host
		trusted.level = level
		trusted.scope = images[0].scope
		directory := newNotationDir(t, trusted)

		var asked []matrixImage
		var targets []signedImage
		for _, image := range images {
			if trustState != "" && image.state != stateValid {
				continue
			}
			if trustState != "" {
				image.state = trustState
			}
			asked = append(asked, image)
			targets = append(targets, image.signedImage)
		}
		byCountersign := directory.countersignJudges(t, targets)
		for _, image := range asked {
			want := expectedJudgement(level, image.state)
			who := image.name + ", " + string(image.state)
			expectJudgement(t, who+": notation-go", directory.notationJudges(t, image.image), want)
			ours := byCountersign[image.reference()]
			expectJudgement(t, who+": countersign", ours, documentedDifference(level, image.state, want))
		}
	})
}

// signMatrix pushes and signs one image for each kind of key, format and
// state of the signature.
func signMatrix(t *testing.T, server *registryServer, hierarchies []certificates.Hierarchy) []matrixImage {
	t.Helper()
	var images []matrixImage
	for _, hierarchy := range hierarchies {
		chain := hierarchy.Chain(t, nil)
		local, err := signer.NewGenericSigner(hierarchy.SigningKey, chain)
		if err != nil {
			t.Fatal(err)
		}
		for _, mediaType := range []string{mediaTypeJWS, mediaTypeCOSE} {
			sign := map[matrixState]func(image){
				stateValid: func(target image) { notationSign(t, local, target, mediaType, nil) },
				// The shortest time that Notation allows.
				stateExpired:  func(target image) { notationSignFor(t, local, target, mediaType, time.Second) },
				stateOutdated: func(target image) { signInThePast(t, hierarchy, target, mediaType) },
			}
			for state, sign := range sign {
				target := pushImage(t, server, "matrix")
				sign(target)
				images = append(images, matrixImage{withSignature(t, target), hierarchy.Kind.Name + " " + mediaType, state})
			}
		}
	}
	// Times in envelopes are whole seconds.
	time.Sleep(2 * time.Second)
	return images
}

// notationSignFor signs as `notation sign --expiry` does.
func notationSignFor(t *testing.T, signer notation.Signer, target image, mediaType string, lifetime time.Duration) {
	t.Helper()
	_, err := notation.Sign(t.Context(), signer, target.signatures, notation.SignOptions{
		SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: mediaType, ExpiryDuration: lifetime},
		ArtifactReference: target.reference(),
	})
	if err != nil {
		t.Fatalf("notation-go does not sign %s: %v", target.reference(), err)
	}
}

// signInThePast signs, with a certificate that is outdated by now, while it
// was not: what Notation's signer does, but for the clock.
func signInThePast(t *testing.T, hierarchy certificates.Hierarchy, target image, mediaType string) {
	t.Helper()
	then := time.Now().Add(-2 * time.Hour)
	chain := hierarchy.Chain(t, func(leaf *x509.Certificate) { leaf.NotAfter = then.Add(time.Hour) })
	local, err := signature.NewLocalSigner(chain, hierarchy.SigningKey)
	if err != nil {
		t.Fatal(err)
	}
	target.attach(t, mediaType, signEnvelope(t, mediaType, &signature.SignRequest{
		Payload: signature.Payload{
			ContentType: mediaTypePayload,
			Content:     mustMarshal(t, map[string]any{"targetArtifact": target.descriptor}),
		},
		Signer:        local,
		SigningTime:   then,
		SigningScheme: signature.SigningSchemeX509,
	}))
}

func signEnvelope(t *testing.T, mediaType string, request *signature.SignRequest) []byte {
	t.Helper()
	envelope, err := signature.NewEnvelope(mediaType)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := envelope.Sign(request)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// expectedJudgement is what the specification says: the validation that must
// fail does, as the level treats it, and no other.
func expectedJudgement(level string, state matrixState) judgement {
	return judgementAt(level, map[matrixState]string{
		stateExpired:       "expiry",
		stateOutdated:      "authenticTimestamp",
		stateUntrusted:     "authenticity",
		stateWrongIdentity: "authenticity",
	}[state])
}

// documentedDifference is what countersign must say where notation-go says
// that, as COMPATIBILITY.md has it: whom to ask about revocation is not taken
// from a chain that nobody trusts, so that it is not known.
func documentedDifference(level string, state matrixState, byNotation judgement) judgement {
	if level == "audit" && state == stateUntrusted {
		return judgement(strings.Replace(string(byNotation), "revocation (log): passed", "revocation (log): failed", 1))
	}
	return byNotation
}
