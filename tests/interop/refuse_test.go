package interop

import "testing"

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
		scene.directory = directoryTrusting(t, server, emulator.rootDER, scene.profile.arn)
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
		scene.directory = directoryTrusting(t, server, emulator.rootDER, scene.profile.arn)
		threeDaysAgo(t, func() { scene.signByNotation(t) })
		scene.expectEverywhere(t, expired)
	})
}

func TestBothRefuseAnUnsignedImage(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, server *registryServer) {
		newScene(t, server, "refused/unsigned").expectEverywhere(t, unsigned)
	})
}
