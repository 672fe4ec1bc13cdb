package interop

import "os"

func startEmulator(dataDir string) (func(), error) {
	if os.Getenv("COUNTERSIGN_EMULATOR_BIN") == "" {
		return func() {}, nil
	}
	return func() {}, nil
}
