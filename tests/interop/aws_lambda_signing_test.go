package interop

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
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
