package interop

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/plugin/proto"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

// Every refusal starts from a signature that both accept, so that what they
// refuse is the change and nothing else.

func signedScene(t *testing.T, server *registryServer, repository string) scene {
	t.Helper()
	scene := newScene(t, server, repository)
	scene.signByNotation(t)
	scene.expectEverywhere(t, accepted)
	return scene
}

func TestBothRefuseTamperedSignatures(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		original := signedScene(t, server, "refused/source")
		for _, attack := range envelopeAttacks {
			t.Run(attack.name, func(t *testing.T) {
				attacked := original
				attacked.image = attack.apply(t, server, original.image)
				attacked.expectEverywhere(t, attack.want)
			})
		}
	})
}

func TestBothRefuseARevokedJob(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := signedScene(t, server, "refused/revoked-job")
		revokeJob(t, signedJob(t, scene.image.onlySignature(t).envelope))
		scene.expectEverywhere(t, revoked)
	})
}

func TestBothRefuseARevokedProfile(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := signedScene(t, server, "refused/revoked-profile")
		scene.profile.revoke(t)
		scene.expectEverywhere(t, revoked)
	})
}

func TestBothRefuseAProfileThatIsNotInThePolicy(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := signedScene(t, server, "refused/other-profile")
		scene.profile = createProfile(t)
		scene.directory = directoryTrusting(t, server, emulator.RootDER, scene.profile.arn)
		scene.expectEverywhere(t, badAuthenticity)
	})
}

func TestBothRefuseAForeignRoot(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := signedScene(t, server, "refused/foreign-root")
		foreign := foreignRoot(t).Raw
		scene.directory = directoryTrusting(t, server, foreign, scene.profile.arn)
		scene.expectByPolicy(t, badAuthenticity)
		byProfile := countersignVerifyProfile(t, server, scene.image, scene.profile.arn, writePEM(t, foreign))
		expectVerdict(t, "countersign verify --signing-profile", byProfile, badAuthenticity)
	})
}

func TestBothRefuseAnExpiredSignature(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := newScene(t, server, "refused/expired")
		scene.profile = createProfileValidFor(t, 1)
		scene.directory = directoryTrusting(t, server, emulator.RootDER, scene.profile.arn)
		threeDaysAgo(t, func() { scene.signByAPI(t) })
		scene.expectEverywhere(t, expired)
	})
}

func TestBothRefuseAnUnsignedImage(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		newScene(t, server, "refused/unsigned").expectEverywhere(t, unsigned)
	})
}

// TestBothRefuseWhatCannotBeChecked: AWS that gives no answer about
// revocation has not said that nothing is revoked.
func TestBothRefuseWhatCannotBeChecked(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		scene := signedScene(t, server, "refused/unanswered")
		for _, fault := range []string{"access-denied", "server-error", "throttle", "connection-reset", "truncated-body"} {
			t.Run(fault, func(t *testing.T) {
				withFault(t, "GetRevocationStatus", fault, func() {
					expectVerdict(t, "notation-go with our plugin", scene.directory.notationVerify(t, scene.image), revoked)
					expectVerdict(t, "countersign verify", scene.directory.countersignVerify(t, scene.image), undecided)
				})
			})
		}
	})
}

// TestNotationUnderstandsWhyThePluginDoesNotSign reads the contract's error
// codes as notation-go does.
func TestNotationUnderstandsWhyThePluginDoesNotSign(t *testing.T) {
	scene := newScene(t, registries[0], "refused/not-signed")
	unknown := strings.Replace(scene.profile.arn, scene.profile.name, "interop_unknown", 1)
	misspelt := strings.Replace(scene.profile.arn, "/signing-profiles/", "/signing-profile/", 1)
	cases := []struct {
		name    string
		keyID   string
		options notation.SignerSignOptions
		fault   string
		code    plugin.ErrorCode
		says    string
	}{
		{name: "COSE", options: notation.SignerSignOptions{SignatureMediaType: mediaTypeCOSE}, code: plugin.ErrorCodeValidation, says: "cose"},
		{name: "an expiry", options: notation.SignerSignOptions{ExpiryDuration: time.Hour}, code: plugin.ErrorCodeValidation, says: "expiry"},
		{name: "an unknown profile", keyID: unknown, code: plugin.ErrorCodeValidation, says: "interop_unknown"},
		{name: "a misspelt ARN", keyID: misspelt, code: plugin.ErrorCodeValidation, says: "/signing-profiles/"},
		{name: "denied", fault: "access-denied", code: plugin.ErrorCodeAccessDenied, says: "signer:SignPayload"},
		{name: "throttled", fault: "throttle", code: plugin.ErrorCodeThrottled, says: "TooManyRequestsException"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if test.keyID == "" {
				test.keyID = scene.profile.arn
			}
			if test.options.SignatureMediaType == "" {
				test.options.SignatureMediaType = mediaTypeJWS
			}
			var err error
			sign := func() {
				_, err = notation.Sign(t.Context(), scene.directory.pluginSigner(t, pluginName, test.keyID), scene.image.signatures, notation.SignOptions{
					SignerSignOptions: test.options,
					ArtifactReference: scene.image.reference(),
				})
			}
			if test.fault == "" {
				sign()
			} else {
				withFault(t, "SignPayload", test.fault, sign)
			}
			var refusal proto.RequestError
			if !errors.As(err, &refusal) {
				t.Fatalf("not the plugin's refusal: %v", err)
			}
			if refusal.Code != test.code || !strings.Contains(refusal.Error(), test.says) {
				t.Errorf("%s: %v, expected %s with %q", refusal.Code, refusal, test.code, test.says)
			}
		})
	}
	expectVerdict(t, "notation-go", scene.directory.notationVerify(t, scene.image), unsigned)
}
