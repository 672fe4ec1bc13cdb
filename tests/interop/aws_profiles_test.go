package interop

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

// TestAWSClientsManageProfiles walks through what a team does with a signing
// profile besides signing.
func TestAWSClientsManageProfiles(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			call := func(service, operation string, parameters map[string]any) map[string]any {
				t.Helper()
				return client.call(t, nil, service, operation, parameters)
			}
			expect := func(what string, got any, want any) {
				t.Helper()
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: %v, expected %v", what, got, want)
				}
			}

			identity := call("sts", "get-caller-identity", map[string]any{})
			account, _ := identity["Account"].(string)
			if len(account) != 12 {
				t.Errorf("the account: %v", identity)
			}
			platforms := fmt.Sprint(call("signer", "list-signing-platforms", map[string]any{}))
			if !strings.Contains(platforms, notationPlatform) {
				t.Errorf("no %s in %s", notationPlatform, platforms)
			}

			name := "interop_" + strings.ToLower(rand.Text())
			profile := call("signer", "put-signing-profile", map[string]any{
				"profileName":             name,
				"platformId":              notationPlatform,
				"signatureValidityPeriod": map[string]any{"type": "DAYS", "value": 30},
				"tags":                    map[string]any{"team": "interop"},
			})
			found := call("signer", "get-signing-profile", map[string]any{"profileName": name})
			expect("the ARN", found["arn"], profile["arn"])
			expect("the status", found["status"], "Active")
			expect("the validity", found["signatureValidityPeriod"], map[string]any{"type": "DAYS", "value": 30})
			if listed := fmt.Sprint(call("signer", "list-signing-profiles", map[string]any{})); !strings.Contains(listed, name) {
				t.Errorf("the profile is not listed: %s", listed)
			}

			arn := profile["arn"]
			call("signer", "tag-resource", map[string]any{"resourceArn": arn, "tags": map[string]any{"stage": "test"}})
			call("signer", "untag-resource", map[string]any{"resourceArn": arn, "tagKeys": []string{"team"}})
			expect("the tags", call("signer", "list-tags-for-resource", map[string]any{"resourceArn": arn})["tags"],
				map[string]any{"stage": "test"})

			added := call("signer", "add-profile-permission", map[string]any{
				"profileName": name, "action": "signer:SignPayload", "principal": "444455556666", "statementId": "partner",
			})
			permissions := call("signer", "list-profile-permissions", map[string]any{"profileName": name})
			expect("the revision", permissions["revisionId"], added["revisionId"])
			if !strings.Contains(fmt.Sprint(permissions["permissions"]), "444455556666") {
				t.Errorf("the permission is not listed: %v", permissions)
			}
			call("signer", "remove-profile-permission", map[string]any{
				"profileName": name, "statementId": "partner", "revisionId": added["revisionId"],
			})

			signed := call("signer", "sign-payload", map[string]any{
				"profileName": name, "payload": notaryPayload, "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
			})
			jobs := fmt.Sprint(call("signer", "list-signing-jobs", map[string]any{"platformId": notationPlatform}))
			if !strings.Contains(jobs, fmt.Sprint(signed["jobId"])) {
				t.Errorf("the job is not listed: %s", jobs)
			}

			call("signer", "cancel-signing-profile", map[string]any{"profileName": name})
			expect("the status", call("signer", "get-signing-profile", map[string]any{"profileName": name})["status"], "Canceled")
			again := client.run(t, nil, "signer", "put-signing-profile", map[string]any{"profileName": name, "platformId": notationPlatform})
			if again.ExitCode == 0 || !strings.Contains(again.Stderr, "ValidationException") {
				t.Errorf("the name was given twice: %s", again)
			}
		})
	}
}
