package interop

import (
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

var (
	// registries are those that every case runs on.
	registries []*registryServer
	// unwrapped is go-containerregistry's as it is.
	unwrapped *registryServer
	// guarded is distribution's with a password.
	guarded *registryServer
	// emulator is the running emulator of AWS.
	emulator programs.Emulator
)

func TestMain(m *testing.M) {
	log.SetFlags(0)
	code, err := runSuite(m)
	if err != nil {
		log.Fatalf("interop: %v", err)
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	scratch, err := os.MkdirTemp("", "countersign-interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	withReferrers, stop, err := serveContainerRegistry("go-containerregistry", true)
	if err != nil {
		return 0, err
	}
	defer stop()
	unwrapped, stop, err = serveContainerRegistry("go-containerregistry as it is", false)
	if err != nil {
		return 0, err
	}
	defer stop()
	withoutReferrers, stop, err := startDistribution(scratch, "distribution", "")
	if err != nil {
		return 0, err
	}
	defer stop()
	guarded, stop, err = startDistribution(scratch, "distribution-with-password", "correct horse")
	if err != nil {
		return 0, err
	}
	defer stop()
	emulator, stop, err = programs.StartEmulator(filepath.Join(scratch, "emulator"))
	if err != nil {
		return 0, err
	}
	defer stop()
	// The emulator's own registry stands for Amazon ECR: the referrers API
	// with a filter, and blobs behind a redirect.
	emulated := &registryServer{name: "emulator", host: strings.TrimPrefix(emulator.Endpoint, "http://")}
	registries = []*registryServer{withReferrers, withoutReferrers, emulated}

	return m.Run(), nil
}

// onEachRegistry runs a case as one subtest per registry.
func onEachRegistry(t *testing.T, run func(t *testing.T, server *registryServer)) {
	t.Helper()
	for _, server := range registries {
		t.Run(server.name, func(t *testing.T) { run(t, server) })
	}
}
