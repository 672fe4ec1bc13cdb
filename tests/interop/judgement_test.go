package interop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
)

// judgement is all that a verifier decided about an image with one signature,
// as text that can be compared: whether it accepts it, then each validation
// in order, with its action and its result.
type judgement string

const skipped judgement = "skipped"

// Exit codes of countersign.
const (
	exitRefused   = 1
	exitUndecided = 3
)

func judgementOf(accepted bool, validations []string) judgement {
	verdict := "refused"
	if accepted {
		verdict = "accepted"
	}
	return judgement(strings.Join(append([]string{verdict}, validations...), "\n"))
}

func judgedValidation(validation, action string, failed bool) string {
	result := "passed"
	if failed {
		result = "failed"
	}
	return fmt.Sprintf("%s (%s): %s", validation, action, result)
}

// judgementAt is the judgement at a level when this validation fails and no
// other; none where it is empty.
func judgementAt(level, failing string) judgement {
	if level == "skip" {
		return skipped
	}
	enforced := map[string]string{
		"strict":     "integrity authenticity expiry authenticTimestamp revocation",
		"permissive": "integrity authenticity",
		"audit":      "integrity",
	}[level]
	var validations []string
	for _, validation := range []string{"integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"} {
		isEnforced := slices.Contains(strings.Fields(enforced), validation)
		action := trustpolicy.ActionLog
		if isEnforced {
			action = trustpolicy.ActionEnforce
		}
		validations = append(validations, judgedValidation(validation, string(action), validation == failing))
		if validation == failing && isEnforced {
			return judgementOf(false, validations)
		}
	}
	return judgementOf(true, validations)
}

// judgementIf is the judgement at a level where this validation may fail.
func judgementIf(level, validation string, fails bool) judgement {
	if !fails {
		validation = ""
	}
	return judgementAt(level, validation)
}

// expectJudgement fails the test unless the verifier said exactly this.
func expectJudgement(t *testing.T, who string, got, want judgement) {
	t.Helper()
	if got != want {
		t.Errorf("%s, expected\n%s\nsays\n%s", who, want, got)
	}
}

// notationJudges verifies as `notation verify` does.
func (d notationDir) notationJudges(t *testing.T, target image) judgement {
	t.Helper()
	outcomes, err := d.notationOutcomes(t, target, nil)
	if err == nil && len(outcomes) == 0 {
		return skipped
	}
	if len(outcomes) != 1 || outcomes[0] == nil {
		t.Fatalf("notation-go looked at %d signatures of %s, expected one: %v", len(outcomes), target.reference(), err)
	}
	var validations []string
	for _, result := range outcomes[0].VerificationResults {
		validations = append(validations, judgedValidation(string(result.Type), string(result.Action), result.Error != nil))
	}
	return judgementOf(err == nil, validations)
}

func (j judgement) isAccepted() bool {
	return strings.HasPrefix(string(j), "accepted\n")
}

// warnings are the validations that failed and are logged; both programs warn
// of them when they accept a signature.
func (j judgement) warnings() []string {
	if !j.isAccepted() {
		return nil
	}
	var found []string
	for _, line := range strings.Split(string(j), "\n") {
		if validation, isLogged := strings.CutSuffix(line, " ("+string(trustpolicy.ActionLog)+"): failed"); isLogged {
			found = append(found, validation)
		}
	}
	return found
}

// signedImage is an image and the digest of its one signature's manifest.
type signedImage struct {
	image
	signature string
}

func withSignature(t *testing.T, target image) signedImage {
	t.Helper()
	return signedImage{target, target.onlySignature(t).manifest.Digest.String()}
}

var (
	outcomeLine    = regexp.MustCompile(`^signature (\S+)$`)
	validationLine = regexp.MustCompile(`^  (\w+) \((\w+)\): (passed|failed)\b`)
	warningLine    = regexp.MustCompile(`(?m)^Warning: (\w+) was set to "log" and failed with error: `)
)

// countersignJudges verifies all images by one command and tells what it says
// of each. That the warnings and the exit code go with the rest is checked
// here: they belong to the whole command.
func (d notationDir) countersignJudges(t *testing.T, targets []signedImage, flags ...string) map[string]judgement {
	t.Helper()
	return d.countersignJudgesEnding(t, exitRefused, targets, flags...)
}

// countersignJudgesEnding is countersignJudges where a refusal ends the
// command with this exit code.
func (d notationDir) countersignJudgesEnding(t *testing.T, refusedCode int, targets []signedImage, flags ...string) map[string]judgement {
	t.Helper()
	args := append([]string{"verify", "--verbose"}, flags...)
	for _, target := range targets {
		args = append(args, target.reference())
	}
	ran := d.countersign(t, args...)

	validations := map[string][]string{}
	current := ""
	for _, line := range strings.Split(ran.Stderr, "\n") {
		if found := outcomeLine.FindStringSubmatch(line); found != nil {
			current = found[1]
		} else if found := validationLine.FindStringSubmatch(line); found != nil {
			validations[current] = append(validations[current], judgedValidation(found[1], found[2], found[3] == "failed"))
		}
	}

	said := map[string]bool{}
	for _, line := range strings.Split(ran.Stdout, "\n") {
		said[line] = true
	}
	judged := map[string]judgement{}
	wantCode := 0
	wantWarnings := map[string]int{}
	for _, target := range targets {
		reference := target.reference()
		if said["Trust policy is configured to skip signature verification for "+reference] {
			judged[reference] = skipped
			continue
		}
		accepted := said["Successfully verified signature for "+reference] || said["Tolerated, not verified: "+reference]
		if !accepted {
			wantCode = refusedCode
		}
		judged[reference] = judgementOf(accepted, validations[target.signature])
		for _, validation := range judged[reference].warnings() {
			wantWarnings[validation]++
		}
	}

	warnings := map[string]int{}
	for _, found := range warningLine.FindAllStringSubmatch(ran.Stderr, -1) {
		warnings[found[1]]++
	}
	if ran.ExitCode != wantCode || fmt.Sprint(warnings) != fmt.Sprint(wantWarnings) {
		t.Errorf("countersign ended with %d and warned of %v, expected %d and %v\n%s",
			ran.ExitCode, warnings, wantCode, wantWarnings, ran)
	}
	return judged
}
