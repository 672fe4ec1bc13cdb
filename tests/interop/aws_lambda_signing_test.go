package interop

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"countersign.test/interop/programs"
)

// writeZip makes an archive of one file with this content.
func writeZip(t *testing.T, path, content string) {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	file, err := archive.Create("index.js")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBoto3FollowsTheTutorialOfLambdaCodeSigning runs AWS's tutorial with
// boto3 and its waiters on the emulator.
func TestBoto3FollowsTheTutorialOfLambdaCodeSigning(t *testing.T) {
	script, err := filepath.Abs("python/lambda_tutorial.py")
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	archive, other := filepath.Join(directory, "function.zip"), filepath.Join(directory, "other.zip")
	writeZip(t, archive, "exports.handler = 1")
	writeZip(t, other, "exports.handler = 2")
	python := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "python")
	ran := programs.Run(t, directory, os.Environ(), python, script, archive, other, strings.ToLower(rand.Text()))
	var found struct {
		Job, Key, ProfileVersion, Created, Updated, Refused string
		Warned                                              *string
		Deployed                                            bool
		Functions                                           int
	}
	if err := json.Unmarshal([]byte(ran.Stdout), &found); err != nil {
		t.Fatalf("the tutorial: %s", ran)
	}
	if found.Key != "signed/"+found.Job+".zip" || found.Created != found.ProfileVersion ||
		!strings.HasSuffix(found.Updated, ":/signing-jobs/"+found.Job) ||
		found.Refused != "CodeVerificationFailedException" || found.Warned != nil || !found.Deployed || found.Functions != 1 {
		t.Errorf("the tutorial: %+v", found)
	}
}

// TestAWSCommandLineFollowsTheTutorialOfLambdaCodeSigning does the same with
// the commands of AWS's documentation.
func TestAWSCommandLineFollowsTheTutorialOfLambdaCodeSigning(t *testing.T) {
	directory := t.TempDir()
	archive, other := filepath.Join(directory, "function.zip"), filepath.Join(directory, "other.zip")
	writeZip(t, archive, "exports.handler = 1")
	writeZip(t, other, "exports.handler = 2")
	suffix := strings.ToLower(rand.Text())
	bucket, name := "tutorial-"+suffix, "tutorial_"+suffix
	text := func(arguments ...string) string {
		return strings.TrimSpace(awsCommand(t, append(arguments, "--output", "text")...).Stdout)
	}

	text("s3api", "create-bucket", "--bucket", bucket)
	text("s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
	if status := text("s3api", "get-bucket-versioning", "--bucket", bucket, "--query", "Status"); status != "Enabled" {
		t.Errorf("versioning: %s", status)
	}
	awsCommand(t, "s3", "cp", archive, "s3://"+bucket+"/function.zip")
	version := text("s3api", "head-object", "--bucket", bucket, "--key", "function.zip", "--query", "VersionId")
	profile := text("signer", "put-signing-profile", "--platform-id", "AWSLambda-SHA384-ECDSA", "--profile-name", name,
		"--query", "profileVersionArn")
	job := text("signer", "start-signing-job",
		"--source", "s3={bucketName="+bucket+",key=function.zip,version="+version+"}",
		"--destination", "s3={bucketName="+bucket+",prefix=signed/}",
		"--profile-name", name, "--query", "jobId")
	awsCommand(t, "signer", "wait", "successful-signing-job", "--job-id", job)
	key := text("signer", "describe-signing-job", "--job-id", job, "--query", "signedObject.s3.key")
	if key != "signed/"+job+".zip" {
		t.Errorf("the signed object is %s of job %s", key, job)
	}

	config := text("lambda", "create-code-signing-config",
		"--allowed-publishers", "SigningProfileVersionArns="+profile,
		"--code-signing-policies", "UntrustedArtifactOnDeployment=Enforce",
		"--query", "CodeSigningConfig.CodeSigningConfigArn")
	created := text("lambda", "create-function", "--function-name", name, "--runtime", "nodejs22.x", "--handler", "index.handler",
		"--role", "arn:aws:iam::111122223333:role/lambda", "--code", "S3Bucket="+bucket+",S3Key="+key,
		"--code-signing-config-arn", config, "--query", "SigningProfileVersionArn")
	if created != profile {
		t.Errorf("the function is signed by %s, wanted %s", created, profile)
	}
	signed := filepath.Join(directory, "signed.zip")
	awsCommand(t, "s3", "cp", "s3://"+bucket+"/"+key, signed)
	updated := text("lambda", "update-function-code", "--function-name", name, "--zip-file", "fileb://"+signed,
		"--query", "SigningJobArn")
	if !strings.HasSuffix(updated, ":/signing-jobs/"+job) {
		t.Errorf("the function is signed by job %s, wanted %s", updated, job)
	}
	aws := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "aws")
	refused := programs.Run(t, directory, os.Environ(), aws, "lambda", "update-function-code", "--function-name", name,
		"--zip-file", "fileb://"+other)
	if refused.ExitCode == 0 || !strings.Contains(refused.Stderr, "CodeVerificationFailedException") {
		t.Errorf("an unsigned archive under Enforce: %s", refused)
	}
	text("lambda", "update-code-signing-config", "--code-signing-config-arn", config,
		"--code-signing-policies", "UntrustedArtifactOnDeployment=Warn")
	warned := text("lambda", "update-function-code", "--function-name", name, "--zip-file", "fileb://"+other,
		"--query", "SigningProfileVersionArn")
	if warned != "None" {
		t.Errorf("an unsigned archive under Warn is signed by %s", warned)
	}
}

// startEmulatorWithS3 starts another emulator, whose signing jobs read and
// write the objects of the S3 server at this URL; answers its directory and
// the environment that points AWS's clients at both.
func startEmulatorWithS3(t *testing.T, s3 string) (string, []string) {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "emulator")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	program := programs.Require(t, "COUNTERSIGN_EMULATOR_BIN")
	command := exec.Command(program, "--listen", "127.0.0.1:0", "--data-dir", directory, "--s3-endpoint", s3)
	stop, err := programs.Start(command, directory+".log", "ready")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	lines, err := os.ReadFile(filepath.Join(directory, "env"))
	if err != nil {
		t.Fatal(err)
	}
	environment := os.Environ()
	for line := range strings.Lines(string(lines)) {
		assignment := strings.TrimPrefix(strings.TrimSpace(line), "export ")
		environment = append(environment, strings.ReplaceAll(assignment, "'", ""))
	}
	return directory, append(environment, "AWS_ENDPOINT_URL_S3="+s3)
}

// TestMotoKeepsThePackagesThatAreSigned has moto, which nobody here wrote,
// read our questions about a bucket, take our upload and give the signed
// package. AWS Signer is the emulator's, which reads and writes there too.
func TestMotoKeepsThePackagesThatAreSigned(t *testing.T) {
	moto := startMoto(t)
	directory, environment := startEmulatorWithS3(t, moto)
	work := t.TempDir()
	writeZip(t, filepath.Join(work, "app.zip"), "exports.handler = 1")
	there := []string{"AWS_ENDPOINT_URL=" + moto}
	client := awsClients[0]
	for bucket, status := range map[string]string{"zips": "Enabled", "once": "Suspended", "never": ""} {
		client.call(t, there, "s3", "create-bucket", map[string]any{"Bucket": bucket})
		if status != "" {
			client.call(t, there, "s3", "put-bucket-versioning", map[string]any{
				"Bucket": bucket, "VersioningConfiguration": map[string]any{"Status": status},
			})
		}
	}
	python := filepath.Join(programs.Require(t, "INTEROP_PYTHON_BIN"), "python")
	script, err := filepath.Abs("python/boto3_call.py")
	if err != nil {
		t.Fatal(err)
	}
	made := programs.Run(t, work, environment, python, script, "signer", "put_signing_profile",
		`{"profileName": "code", "platformId": "AWSLambda-SHA384-ECDSA"}`)
	if made.ExitCode != 0 {
		t.Fatalf("put_signing_profile: %s", made)
	}
	sign := func(arguments ...string) programs.Result {
		fixed := []string{"lambda", "sign", "--signing-profile", "code", "--output", "json",
			"--trust-anchor", filepath.Join(directory, "package-root.crt")}
		return programs.Run(t, work, environment, programs.Require(t, "COUNTERSIGN_BIN"), append(fixed, arguments...)...)
	}
	for _, bucket := range []string{"once", "never"} {
		ran := sign("--bucket", bucket, "app.zip")
		if ran.ExitCode != 1 || !strings.Contains(ran.Stderr, "versioning of bucket `"+bucket+"` is") {
			t.Errorf("bucket %s: %s", bucket, ran)
		}
	}
	if ran := sign("--bucket", "nothing-there", "app.zip"); ran.ExitCode != 1 || !strings.Contains(ran.Stderr, "was not found") {
		t.Errorf("no bucket: %s", ran)
	}
	var document struct {
		Results []struct {
			State, SignedObject string
			Source              struct{ Object, Version string }
		}
	}
	ran := sign("--bucket", "zips", "app.zip")
	if err := json.Unmarshal([]byte(ran.Stdout), &document); err != nil || ran.ExitCode != 0 || len(document.Results) != 1 {
		t.Fatalf("lambda sign: %s", ran)
	}
	result := document.Results[0]
	if result.State != "signed" || result.Source.Version == "null" || !strings.HasPrefix(result.SignedObject, "s3://zips/countersign/signed/") {
		t.Errorf("lambda sign: %+v", result)
	}
	again := sign("--bucket", "zips", "--out", "again.zip", result.Source.Object+"?versionId="+result.Source.Version)
	if again.ExitCode != 0 {
		t.Errorf("an object that is there: %s", again)
	}
	if _, err := os.Stat(filepath.Join(work, "again.zip")); err != nil {
		t.Error(err)
	}
}
