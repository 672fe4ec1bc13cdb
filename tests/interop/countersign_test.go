package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

// installPlugin puts a program where Notation looks for the plugin of this name.
func (d notationDir) installPlugin(t *testing.T, name, program string) {
	t.Helper()
	programs.InstallPlugin(t, string(d), name, program)
}

// dockerConfig is the directory that `docker login` would have written to.
func (d notationDir) dockerConfig() string {
	return filepath.Join(string(d), "docker")
}

// countersign runs the command line with this directory as NOTATION_CONFIG,
// and nothing kept from any other run.
func (d notationDir) countersign(t *testing.T, args ...string) programs.Result {
	t.Helper()
	return d.countersignCached(t, t.TempDir(), args...)
}

// countersignCached is countersign with a directory as NOTATION_CACHE.
func (d notationDir) countersignCached(t *testing.T, cache string, args ...string) programs.Result {
	t.Helper()
	environment := []string{
		"NOTATION_CACHE=" + cache,
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"NOTATION_CONFIG=" + string(d),
		"DOCKER_CONFIG=" + d.dockerConfig(),
	}
	environment = append(environment, programs.AWSEnvironment()...)
	return programs.Run(t, t.TempDir(), environment, programs.Require(t, "COUNTERSIGN_BIN"), args...)
}

// countersignVerify verifies with the trust policy that notation-go reads too.
func (d notationDir) countersignVerify(t *testing.T, target image) verdict {
	t.Helper()
	return verdictOf(target, d.countersign(t, "verify", target.reference()))
}

// countersignVerifyProfile verifies without any policy: the profile and the
// root are named on the command line.
func countersignVerifyProfile(t *testing.T, server *registryServer, target image, profileARN, anchorPath string) verdict {
	t.Helper()
	directory := notationDir(t.TempDir())
	directory.writeConfig(t, server.host)
	return verdictOf(target, directory.countersign(t, "verify", target.reference(),
		"--signing-profile", profileARN, "--trust-anchor", anchorPath))
}

// verdictOf reads what a user reads: the exit code, and the words with it.
func verdictOf(target image, ran programs.Result) verdict {
	said := verdict{noClassifiedFail, ran.String()}
	switch ran.ExitCode {
	case 0:
		if strings.Contains(ran.Stdout, "Successfully verified signature for "+target.reference()) ||
			strings.Contains(ran.Stdout, "Tolerated, not verified: "+target.reference()) {
			said.reason = accepted
		}
	case exitRefused:
		said.reason = classifyWords(ran.Stderr)
	case exitUndecided:
		said.reason = undecided
	}
	return said
}

// failedValidation is the line about a validation that failed and is enforced.
var failedValidation = regexp.MustCompile(`(?m)^ +(\w+) \(enforce\): failed: `)

// classifyWords finds the class of the refusal in what the command line says.
func classifyWords(stderr string) reason {
	if strings.Contains(stderr, "no signature is associated with") {
		return unsigned
	}
	if found := failedValidation.FindStringSubmatch(stderr); found != nil {
		return reason(found[1])
	}
	if strings.Contains(stderr, "refused: content descriptor mismatch") {
		return otherArtifact
	}
	return noClassifiedFail
}
