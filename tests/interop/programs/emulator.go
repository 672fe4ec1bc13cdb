package programs

import (
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Emulator is a running emulator of AWS.
type Emulator struct {
	Endpoint string
	// RootPath is the PEM file of its root, RootDER the certificate in it.
	RootPath string
	RootDER  []byte
}

// StartEmulator starts the emulator and puts what it wrote into DIR/env into
// this process's environment, where AWS's SDK and every plugin find it.
func StartEmulator(dataDir string) (Emulator, func(), error) {
	path, err := named("COUNTERSIGN_EMULATOR_BIN")
	if err != nil {
		return Emulator{}, nil, err
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return Emulator{}, nil, err
	}
	cmd := exec.Command(path, "--listen", "127.0.0.1:0", "--data-dir", dataDir)
	stop, err := Start(cmd, dataDir+".log", "ready")
	if err != nil {
		return Emulator{}, nil, err
	}
	started, err := useEmulator(dataDir)
	if err != nil {
		stop()
		return Emulator{}, nil, err
	}
	return started, stop, nil
}

func useEmulator(dataDir string) (Emulator, error) {
	lines, err := os.ReadFile(filepath.Join(dataDir, "env"))
	if err != nil {
		return Emulator{}, err
	}
	// Nothing that the machine has configured for AWS may take part.
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", filepath.Join(dataDir, "no-config"))
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dataDir, "no-credentials"))
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for line := range strings.Lines(string(lines)) {
		assignment, isExport := strings.CutPrefix(strings.TrimSpace(line), "export ")
		name, value, isAssignment := strings.Cut(assignment, "=")
		if isExport && isAssignment {
			os.Setenv(name, strings.Trim(value, `"'`))
		}
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		return Emulator{}, fmt.Errorf("%s sets no AWS_ENDPOINT_URL:\n%s", filepath.Join(dataDir, "env"), lines)
	}
	rootPath := filepath.Join(dataDir, "root.crt")
	encoded, err := os.ReadFile(rootPath)
	if err != nil {
		return Emulator{}, err
	}
	block, _ := pem.Decode(encoded)
	if block == nil {
		return Emulator{}, fmt.Errorf("%s is not PEM", rootPath)
	}
	return Emulator{endpoint, rootPath, block.Bytes}, nil
}

// AWSEnvironment are this process's variables of AWS, as StartEmulator set them.
func AWSEnvironment() []string {
	var found []string
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "AWS_") {
			found = append(found, entry)
		}
	}
	return found
}
