package interop

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

// TestAWSClientsDeployServices makes what a gate asks about with AWS's own
// clients: a task definition, a service with a hook, its revision, a task.
func TestAWSClientsDeployServices(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			name := "interop-" + strings.ToLower(rand.Text())
			image := "111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:" + strings.Repeat("a", 64)
			client.call(t, nil, "ecs", "create-cluster", map[string]any{"clusterName": name})
			client.call(t, nil, "ecs", "register-task-definition", map[string]any{
				"family":               name,
				"containerDefinitions": []any{map[string]any{"name": "app", "image": image}},
			})
			hook := map[string]any{
				"hookTargetArn":   "arn:aws:lambda:us-east-1:111122223333:function:gate",
				"roleArn":         "arn:aws:iam::111122223333:role/ecs-hook",
				"lifecycleStages": []any{"PRE_SCALE_UP"},
			}
			made := client.call(t, nil, "ecs", "create-service", map[string]any{
				"cluster": name, "serviceName": "web", "taskDefinition": name,
				"deploymentConfiguration": map[string]any{"lifecycleHooks": []any{hook}},
			})
			service := member[map[string]any](t, made, "service")
			arn := member[string](t, service, "serviceArn")

			described := client.call(t, nil, "ecs", "describe-services", map[string]any{"cluster": name, "services": []any{"web", "none"}})
			services := member[[]any](t, described, "services")
			failures := member[[]any](t, described, "failures")
			if len(services) != 1 || len(failures) != 1 {
				t.Fatalf("one is there and one is not: %v", described)
			}
			configuration := member[map[string]any](t, services[0].(map[string]any), "deploymentConfiguration")
			hooks := member[[]any](t, configuration, "lifecycleHooks")
			if len(hooks) != 1 || hooks[0].(map[string]any)["hookTargetArn"] != hook["hookTargetArn"] {
				t.Errorf("the hook: %v", hooks)
			}
			revisionARN := member[[]any](t, service, "currentServiceRevisions")[0].(map[string]any)["arn"]
			revisions := client.call(t, nil, "ecs", "describe-service-revisions", map[string]any{"serviceRevisionArns": []any{revisionARN}})
			revision := member[[]any](t, revisions, "serviceRevisions")[0].(map[string]any)
			images := member[[]any](t, revision, "containerImages")
			if revision["serviceArn"] != arn || images[0].(map[string]any)["image"] != image {
				t.Errorf("the revision: %v", revision)
			}
			listed := client.call(t, nil, "ecs", "list-services", map[string]any{"cluster": name})
			if found := member[[]any](t, listed, "serviceArns"); len(found) != 1 || found[0] != arn {
				t.Errorf("the services: %v", found)
			}

			ran := client.call(t, nil, "ecs", "run-task", map[string]any{"cluster": name, "taskDefinition": name})
			task := member[[]any](t, ran, "tasks")[0].(map[string]any)["taskArn"]
			client.call(t, nil, "ecs", "stop-task", map[string]any{"cluster": name, "task": task, "reason": "interop"})
			tasks := client.call(t, nil, "ecs", "describe-tasks", map[string]any{"cluster": name, "tasks": []any{task}})
			stopped := member[[]any](t, tasks, "tasks")[0].(map[string]any)
			if stopped["desiredStatus"] != "STOPPED" || stopped["stoppedReason"] != "interop" {
				t.Errorf("the task: %v", stopped)
			}
			left := client.call(t, nil, "ecs", "list-tasks", map[string]any{"cluster": name})
			if found := member[[]any](t, left, "taskArns"); len(found) != 0 {
				t.Errorf("tasks that run: %v", found)
			}

			unknown := client.run(t, nil, "ecs", "list-services", map[string]any{"cluster": "interop-unknown"})
			if unknown.ExitCode == 0 || !strings.Contains(unknown.Stderr, "ClusterNotFoundException") {
				t.Errorf("an unknown cluster: %s", unknown)
			}
		})
	}
}

// TestAWSClientsStoreTexts stores a parameter, a secret and an object in two
// versions each, and reads the first.
func TestAWSClientsStoreTexts(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			name := "interop-" + strings.ToLower(rand.Text())
			for _, value := range []string{"first", "second"} {
				client.call(t, nil, "ssm", "put-parameter", map[string]any{"Name": "/" + name, "Value": value, "Type": "SecureString", "Overwrite": true})
			}
			read := client.call(t, nil, "ssm", "get-parameter", map[string]any{"Name": "/" + name + ":1", "WithDecryption": true})
			if parameter := member[map[string]any](t, read, "Parameter"); parameter["Value"] != "first" || parameter["Version"] != 1.0 {
				t.Errorf("the parameter: %v", parameter)
			}
			missing := client.run(t, nil, "ssm", "get-parameter", map[string]any{"Name": "/interop-unknown"})
			if missing.ExitCode == 0 || !strings.Contains(missing.Stderr, "ParameterNotFound") {
				t.Errorf("an unknown parameter: %s", missing)
			}

			made := client.call(t, nil, "secretsmanager", "create-secret", map[string]any{"Name": name, "SecretString": "first"})
			client.call(t, nil, "secretsmanager", "put-secret-value", map[string]any{"SecretId": name, "SecretString": "second"})
			for version, value := range map[any]string{nil: "second", made["VersionId"]: "first"} {
				question := map[string]any{"SecretId": made["ARN"]}
				if version != nil {
					question["VersionId"] = version
				}
				secret := client.call(t, nil, "secretsmanager", "get-secret-value", question)
				if secret["SecretString"] != value {
					t.Errorf("version %v of the secret: %v", version, secret)
				}
			}
		})
	}
}

// TestAWSClientsStoreObjects stores an object in two versions, and reads the
// first and the newest.
func TestAWSClientsStoreObjects(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			service := map[string]string{"boto3": "s3", "aws": "s3api"}[client.name]
			bucket := "interop-" + strings.ToLower(rand.Text())
			key := "gate/a policy+ü.json"
			client.call(t, nil, service, "create-bucket", map[string]any{"Bucket": bucket})
			client.call(t, nil, service, "put-bucket-versioning", map[string]any{
				"Bucket": bucket, "VersioningConfiguration": map[string]any{"Status": "Enabled"},
			})
			first := client.putObject(t, bucket, key, "first")
			client.putObject(t, bucket, key, "second")
			if got := client.getObject(t, bucket, key, ""); got != "second" {
				t.Errorf("the newest: %q", got)
			}
			if got := client.getObject(t, bucket, key, first); got != "first" {
				t.Errorf("version %s: %q", first, got)
			}
			missing := client.run(t, nil, service, "head-object", map[string]any{"Bucket": bucket, "Key": "unknown"})
			if missing.ExitCode == 0 || !strings.Contains(missing.Stderr, "404") {
				t.Errorf("an unknown object: %s", missing)
			}
		})
	}
}

// TestAWSClientsReadFunctions makes a function and reads its configuration.
func TestAWSClientsReadFunctions(t *testing.T) {
	for _, client := range awsClients {
		t.Run(client.name, func(t *testing.T) {
			name := "interop-" + strings.ToLower(rand.Text())
			made := client.call(t, nil, "lambda", "create-function", map[string]any{
				"FunctionName": name,
				"Role":         "arn:aws:iam::111122223333:role/gate",
				"PackageType":  "Image",
				"Timeout":      60,
				"Code":         map[string]any{"ImageUri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/app:v1"},
			})
			for _, named := range []any{name, made["FunctionArn"]} {
				found := client.call(t, nil, "lambda", "get-function-configuration", map[string]any{"FunctionName": named})
				if found["FunctionArn"] != made["FunctionArn"] || found["Timeout"] != 60.0 {
					t.Errorf("the function by %v: %v", named, found)
				}
			}
			missing := client.run(t, nil, "lambda", "get-function-configuration", map[string]any{"FunctionName": "interop-unknown"})
			if missing.ExitCode == 0 || !strings.Contains(missing.Stderr, "ResourceNotFoundException") {
				t.Errorf("an unknown function: %s", missing)
			}
		})
	}
}

// putObject stores a text and answers its version. The command line takes
// bodies from files only.
func (c awsClient) putObject(t *testing.T, bucket, key, text string) string {
	t.Helper()
	parameters := map[string]any{"Bucket": bucket, "Key": key, "Body": text}
	if c.name == "boto3" {
		return member[string](t, c.call(t, nil, "s3", "put-object", parameters), "VersionId")
	}
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := awsCommand(t, "s3api", "put-object", "--bucket", bucket, "--key", key, "--body", file, "--query", "VersionId", "--output", "text")
	return strings.TrimSpace(ran.Stdout)
}

// getObject reads a version; the newest where it is empty.
func (c awsClient) getObject(t *testing.T, bucket, key, version string) string {
	t.Helper()
	if c.name == "boto3" {
		parameters := map[string]any{"Bucket": bucket, "Key": key}
		if version != "" {
			parameters["VersionId"] = version
		}
		body := member[string](t, c.call(t, nil, "s3", "get-object", parameters), "Body")
		text, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	file := filepath.Join(t.TempDir(), "body")
	arguments := []string{"s3api", "get-object", "--bucket", bucket, "--key", key}
	if version != "" {
		arguments = append(arguments, "--version-id", version)
	}
	awsCommand(t, append(arguments, file)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// awsCommand runs the AWS command line, which must succeed.
func awsCommand(t *testing.T, arguments ...string) programs.Result {
	t.Helper()
	program := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "aws")
	ran := programs.Run(t, t.TempDir(), os.Environ(), program, arguments...)
	if ran.ExitCode != 0 {
		t.Fatalf("aws %v: %s", arguments, ran)
	}
	return ran
}

// member is what an answer has under this name.
func member[T any](t *testing.T, answer map[string]any, name string) T {
	t.Helper()
	value, ok := answer[name].(T)
	if !ok {
		t.Fatalf("no %s in %v", name, answer)
	}
	return value
}
