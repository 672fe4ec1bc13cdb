package interop

import (
	"encoding/base64"
	"path/filepath"
	"testing"

	"countersign.test/interop/programs"
)

// login writes what `docker login` writes.
func (d notationDir) login(t *testing.T, server *registryServer, password string) {
	t.Helper()
	credentials := base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + password))
	programs.WriteFile(t, filepath.Join(d.dockerConfig(), "config.json"), mustMarshal(t, map[string]any{
		"auths": map[string]any{server.host: map[string]any{"auth": credentials}},
	}))
}

// TestRegistryWithAPassword signs and verifies with what Docker's
// configuration holds. Without it nothing is decided: a registry that lets
// nobody look has not said that the image is unsigned.
func TestRegistryWithAPassword(t *testing.T) {
	scene := newScene(t, guarded, "guarded/app")
	expectVerdict(t, "countersign verify before the login", scene.directory.countersignVerify(t, scene.image), undecided)

	scene.directory.login(t, guarded, guarded.password)
	scene.signByCountersign(t)
	scene.expectByPolicy(t, accepted)

	second := newScene(t, guarded, "guarded/app")
	second.directory.login(t, guarded, guarded.password)
	second.signByNotation(t)
	second.expectByPolicy(t, accepted)

	withoutLogin := directoryTrusting(t, guarded, emulator.RootDER, scene.profile.arn)
	byFlags := withoutLogin.countersign(t, "verify", scene.image.reference(), "-u", registryUser, "-p", guarded.password)
	expectVerdict(t, "countersign verify -u -p", verdictOf(scene.image, byFlags), accepted)

	scene.directory.login(t, guarded, "wrong")
	expectVerdict(t, "countersign verify with a wrong password", scene.directory.countersignVerify(t, scene.image), undecided)
}
