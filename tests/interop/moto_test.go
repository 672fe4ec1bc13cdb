package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign.test/interop/programs"
)

// motoAccount is the account that moto plays.
const motoAccount = "123456789012"

// startMoto starts moto, which plays AWS from AWS's own API models, and
// answers its URL. Only tests/interop/long has it.
func startMoto(t *testing.T) string {
	t.Helper()
	program := os.Getenv("MOTO_SERVER_BIN")
	if program == "" {
		t.Skip("MOTO_SERVER_BIN is not set: tests/interop/long runs this")
	}
	address := freePort(t)
	host, port, _ := strings.Cut(address, ":")
	stop, err := programs.Start(exec.Command(program, "-H", host, "-p", port), filepath.Join(t.TempDir(), "moto.log"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	url := "http://" + address
	for deadline := time.Now().Add(programs.StartTimeout); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(url + "/moto-api/data.json")
		if err == nil {
			response.Body.Close()
			return url
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestMotoAnswersOurQuestionsAboutECS has moto, which nobody here wrote, read
// our requests about task definitions, clusters and services.
func TestMotoAnswersOurQuestionsAboutECS(t *testing.T) {
	moto := startMoto(t)
	there := []string{"AWS_ENDPOINT_URL=" + moto}
	scene := newScene(t, registries[len(registries)-1], "moto/app")
	scene.signByCountersign(t)
	client := awsClients[0]
	client.call(t, there, "ecs", "create-cluster", map[string]any{"clusterName": "prod"})
	client.call(t, there, "ecs", "register-task-definition", map[string]any{
		"family":               "app",
		"containerDefinitions": []any{map[string]any{"name": "app", "image": byName(scene.image.reference()), "memory": 64}},
	})
	// It takes the hooks of a service, and does not describe them.
	client.call(t, there, "ecs", "create-service", map[string]any{
		"cluster": "prod", "serviceName": "web", "taskDefinition": "app", "desiredCount": 1,
	})
	environment := append(os.Environ(), "AWS_ENDPOINT_URL_ECS="+moto)
	policy := filepath.Join(t.TempDir(), "gate-policy.json")
	programs.WriteFile(t, policy, mustMarshal(t, map[string]any{
		"version":      "1.0",
		"awsEndpoints": []any{emulator.Endpoint, moto},
		"rules": []any{map[string]any{
			"name":    "signed",
			"scopes":  []any{byName(scene.server.host) + "/moto/*"},
			"require": map[string]any{"all": []any{map[string]any{"name": "release", "signingProfile": scene.profile.arn}}},
		}},
	}))
	ran := programs.Run(t, t.TempDir(), environment, programs.Require(t, "COUNTERSIGN_BIN"),
		"gate", "task-definition", "--gate-policy", policy, "--trust-anchor", emulator.RootPath, "app")
	if ran.ExitCode != 0 {
		t.Errorf("gate task-definition: %s", ran)
	}
	for _, services := range []string{"--all", "prod/web"} {
		ran = programs.Run(t, t.TempDir(), environment, programs.Require(t, "COUNTERSIGN_BIN"),
			"gate", "audit-service", "--output", "json",
			"--function", "arn:aws:lambda:us-east-1:"+motoAccount+":function:gate", services)
		var document struct {
			Findings []struct{ Check, Status, Subject, Found string }
		}
		if err := json.Unmarshal([]byte(ran.Stdout), &document); err != nil {
			t.Fatalf("gate audit-service: %s", ran)
		}
		isDescribed := false
		for _, finding := range document.Findings {
			isDescribed = isDescribed || finding.Subject == "prod/web" && finding.Check == "hook" &&
				finding.Found == "its deployments call no function"
		}
		if !isDescribed {
			t.Errorf("%s: %s", services, ran)
		}
	}
}

// TestMotoGivesTheGateItsPolicy has the function read its gate policy from a
// parameter and from an object that moto stores.
func TestMotoGivesTheGateItsPolicy(t *testing.T) {
	moto := startMoto(t)
	there := []string{"AWS_ENDPOINT_URL=" + moto}
	scene := newGateScene(t)
	unsigned := pushImage(t, scene.server, "gate/moto-unsigned")
	policy := map[string]any{}
	file := filepath.Join(scene.packageDir, "gate-policy.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	policy["awsEndpoints"] = append(member[[]any](t, policy, "awsEndpoints"), moto)
	text = mustMarshal(t, policy)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	client := awsClients[0]
	client.call(t, there, "ssm", "put-parameter", map[string]any{"Name": "/gate/policy", "Value": string(text), "Type": "SecureString"})
	client.call(t, there, "s3", "create-bucket", map[string]any{"Bucket": "gate-policies"})
	client.call(t, there, "s3", "put-object", map[string]any{"Bucket": "gate-policies", "Key": "team/gate policy.json", "Body": string(text)})
	digest := sha256.Sum256(text)
	for name, source := range map[string]map[string]any{
		"ssm": {"ssmParameter": "arn:aws:ssm:us-east-1:" + motoAccount + ":parameter/gate/policy"},
		"s3":  {"s3Object": map[string]any{"bucket": "gate-policies", "key": "team/gate policy.json", "region": "us-east-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			source["sha256"] = hex.EncodeToString(digest[:])
			config := filepath.Join(scene.packageDir, "countersign-hook.json")
			_ = os.Remove(config)
			programs.WriteFile(t, config, mustMarshal(t, map[string]any{
				"version": "1.0", "trustAnchor": "root.crt", "gatePolicy": source, "awsEndpoints": policy["awsEndpoints"],
			}))
			function := scene.start(t, "AWS_ENDPOINT_URL_SSM="+moto, "AWS_ENDPOINT_URL_S3="+moto)
			for reference, isSigned := range map[string]bool{byName(scene.image.reference()): true, byName(unsigned.reference()): false} {
				printed := function.invoke(t, mustMarshal(t, map[string]any{"references": []any{reference}}))
				if strings.Contains(printed, `"SUCCEEDED"`) != isSigned {
					t.Errorf("%s: %s", reference, printed)
				}
			}
		})
	}
}

// TestMotoStopsATaskThatMayNotRun has moto read our questions about a task,
// and the request that stops it.
func TestMotoStopsATaskThatMayNotRun(t *testing.T) {
	moto := startMoto(t)
	there := []string{"AWS_ENDPOINT_URL=" + moto}
	scene := newGateScene(t)
	unsigned := pushImage(t, scene.server, "gate/moto-task")
	client := awsClients[0]
	client.call(t, there, "ecs", "create-cluster", map[string]any{"clusterName": "prod"})
	described := client.call(t, there, "ec2", "describe-subnets", map[string]any{})
	subnet := member[[]any](t, described, "Subnets")[0].(map[string]any)["SubnetId"]
	cluster := "arn:aws:ecs:us-east-1:" + motoAccount + ":cluster/prod"
	config := filepath.Join(scene.packageDir, "countersign-hook.json")
	_ = os.Remove(config)
	programs.WriteFile(t, config, mustMarshal(t, map[string]any{
		"version": "1.0", "trustAnchor": "root.crt",
		"stopTasks": map[string]any{"clusters": []any{cluster}, "mostPerHour": 5},
	}))
	file := filepath.Join(scene.packageDir, "gate-policy.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	policy := map[string]any{}
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	policy["awsEndpoints"] = append(member[[]any](t, policy, "awsEndpoints"), moto)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, file, mustMarshal(t, policy))
	function := scene.start(t, "AWS_ENDPOINT_URL_ECS="+moto)
	for name, wanted := range map[string]struct{ image, status string }{
		"signed":   {byName(scene.image.reference()), "RUNNING"},
		"unsigned": {byName(unsigned.reference()), "STOPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			client.call(t, there, "ecs", "register-task-definition", map[string]any{
				"family": name, "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "cpu": "256", "memory": "512",
				// moto wants the memory of each container, and its security groups below.
				"containerDefinitions": []any{map[string]any{"name": "app", "image": wanted.image, "memory": 512}},
			})
			ran := client.call(t, there, "ecs", "run-task", map[string]any{
				"cluster": "prod", "taskDefinition": name, "launchType": "FARGATE",
				"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{
					"subnets": []any{subnet}, "securityGroups": []any{},
				}},
			})
			task := member[[]any](t, ran, "tasks")[0].(map[string]any)["taskArn"].(string)
			printed := function.invoke(t, mustMarshal(t, map[string]any{
				"version": "0", "id": "105f6bb1-4da6-c630-4965-35383018cbca", "source": "aws.ecs",
				"detail-type": "ECS Task State Change", "account": motoAccount, "region": "us-east-1",
				"time": "2026-06-01T12:00:00Z", "resources": []any{task},
				"detail": map[string]any{"clusterArn": cluster, "taskArn": task, "lastStatus": "RUNNING", "desiredStatus": "RUNNING"},
			}))
			found := client.call(t, there, "ecs", "describe-tasks", map[string]any{"cluster": "prod", "tasks": []any{task}})
			status := member[[]any](t, found, "tasks")[0].(map[string]any)["lastStatus"]
			// moto's own tasks end by and by; only a stop has a reason.
			reason, _ := member[[]any](t, found, "tasks")[0].(map[string]any)["stoppedReason"].(string)
			if isStopped := reason != ""; isStopped != (wanted.status == "STOPPED") {
				t.Errorf("status %v, reason %q: %s", status, reason, printed)
			}
		})
	}
}
