"""Makes one call with boto3: boto3_call.py SERVICE OPERATION PARAMETERS-AS-JSON.

Prints the answer as JSON on stdout. What AWS refuses goes to stderr as "CODE: MESSAGE", exit code 1.
"""

import base64
import json
import sys

import boto3
from botocore.exceptions import ClientError


def printable(value):
    """Times, bytes and streams of them, which JSON has not."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat()


def main():
    service, operation, parameters = sys.argv[1:]
    try:
        answer = getattr(boto3.client(service), operation)(**json.loads(parameters))
    except ClientError as refusal:
        error = refusal.response["Error"]
        sys.exit(f"{error['Code']}: {error['Message']}")
    json.dump(answer, sys.stdout, default=printable)


main()
