# The gate of Countersign for Amazon ECS: a Lambda function that verifies the images of each deployment, alarms on what it
# finds, and what keeps the hook in its place.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.20"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
}

resource "aws_cloudwatch_log_group" "gate" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 365
}

data "aws_iam_policy_document" "assume_by_lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  assume_role_policy = data.aws_iam_policy_document.assume_by_lambda.json
}

data "aws_iam_policy_document" "function" {
  statement {
    sid       = "WhatIsDeployed"
    actions   = ["ecs:DescribeServiceRevisions"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service-revision/*"]
  }

  # Neither task definitions nor tokens have a resource.
  statement {
    sid       = "TaskDefinitionsAndTokens"
    actions   = ["ecs:DescribeTaskDefinition", "ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ImagesAndSignatures"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/${var.repositories}"]
  }

  # Of any account whose profile signed.
  statement {
    sid       = "Revocation"
    actions   = ["signer:GetRevocationStatus"]
    resources = ["arn:${local.partition}:signer:*:*:/signing-jobs/*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.gate.arn}:*"]
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "gate"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_lambda_function" "gate" {
  function_name    = var.name
  description      = "Verifies the images of each deployment of Amazon ECS"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  role             = aws_iam_role.function.arn
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = 256
  # Seconds. The gate answers before it: a hook that is cut off is a failed one.
  timeout = 60
  # A new package is a new version, and hooks name it by its alias.
  publish = true

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.gate.name
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.gate.function_name
  function_version = aws_lambda_function.gate.version
}

data "aws_iam_policy_document" "assume_by_ecs" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

# With this role Amazon ECS calls the function, and nothing else.
resource "aws_iam_role" "hook" {
  name               = "${var.name}-hook"
  assume_role_policy = data.aws_iam_policy_document.assume_by_ecs.json
}

data "aws_iam_policy_document" "hook" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_alias.live.arn]
  }
}

resource "aws_iam_role_policy" "hook" {
  name   = "call-the-gate"
  role   = aws_iam_role.hook.id
  policy = data.aws_iam_policy_document.hook.json
}
