"""AWS's tutorial of code signing for Lambda with boto3, unchanged: lambda_tutorial.py ZIP OTHER-ZIP SUFFIX.

ZIP is signed and deployed; OTHER-ZIP, which nobody signs, is refused under Enforce and taken under Warn. Prints what the
function says of its signature at each step as one JSON object; what goes another way ends with exit code 1.
"""

import json
import sys
import urllib.request

import boto3
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111122223333:role/lambda"


def main():
    archive, other, suffix = sys.argv[1:]
    s3, signer, functions = (boto3.client(name) for name in ("s3", "signer", "lambda"))
    bucket, name = f"tutorial-{suffix}", f"tutorial_{suffix}"

    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.get_waiter("bucket_exists").wait(Bucket=bucket)
    s3.upload_file(archive, bucket, "unsigned/function.zip")
    version = s3.head_object(Bucket=bucket, Key="unsigned/function.zip")["VersionId"]

    profile = signer.put_signing_profile(profileName=name, platformId="AWSLambda-SHA384-ECDSA")
    job = signer.start_signing_job(
        source={"s3": {"bucketName": bucket, "key": "unsigned/function.zip", "version": version}},
        destination={"s3": {"bucketName": bucket, "prefix": "signed/"}},
        profileName=name,
    )["jobId"]
    signer.get_waiter("successful_signing_job").wait(jobId=job)
    signed = signer.describe_signing_job(jobId=job)["signedObject"]["s3"]

    config = functions.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [profile["profileVersionArn"]]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    made = functions.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Code={"S3Bucket": signed["bucketName"], "S3Key": signed["key"]},
        CodeSigningConfigArn=config,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    updated = functions.update_function_code(
        FunctionName=name, S3Bucket=signed["bucketName"], S3Key=signed["key"]
    )
    with open(other, "rb") as file:
        unsigned = file.read()
    try:
        functions.update_function_code(FunctionName=name, ZipFile=unsigned)
        sys.exit("an unsigned archive was deployed under Enforce")
    except ClientError as refusal:
        refused = refusal.response["Error"]["Code"]

    functions.update_code_signing_config(
        CodeSigningConfigArn=config,
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"},
    )
    warned = functions.update_function_code(FunctionName=name, ZipFile=unsigned)
    functions.get_waiter("function_updated").wait(FunctionName=name)
    location = functions.get_function(FunctionName=name)["Code"]["Location"]
    with urllib.request.urlopen(location) as code:
        deployed = code.read()

    listed = functions.list_functions_by_code_signing_config(CodeSigningConfigArn=config)
    json.dump(
        {
            "job": job,
            "key": signed["key"],
            "profileVersion": profile["profileVersionArn"],
            "created": made.get("SigningProfileVersionArn"),
            "updated": updated.get("SigningJobArn"),
            "refused": refused,
            "warned": warned.get("SigningProfileVersionArn"),
            "deployed": deployed == unsigned,
            "functions": len(listed["FunctionArns"]),
        },
        sys.stdout,
    )


main()
