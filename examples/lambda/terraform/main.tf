# Signed code for AWS Lambda with Terraform: a signing profile, or those of a central account, a code signing configuration, a
# function that has it, a policy for developers, and alarms.

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
  of_account = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
  functions  = "${local.of_account}:function:${var.name}*"

  # Where profiles of another account are named, this account has none of its own.
  profile_versions = length(var.profile_version_arns) > 0 ? var.profile_version_arns : aws_signer_signing_profile.own[*].version_arn
}

resource "aws_signer_signing_profile" "own" {
  count = length(var.profile_version_arns) > 0 ? 0 : 1

  name_prefix = replace(var.name, "-", "_")
  platform_id = "AWSLambda-SHA384-ECDSA"

  signature_validity_period {
    type  = "MONTHS"
    value = 12
  }

  # AWS never frees a name, and what it signed stays deployed.
  lifecycle {
    prevent_destroy = true
  }
}

# Accounts that sign with this account's profile: what they may do, one permission for each.
resource "aws_signer_signing_profile_permission" "sign" {
  for_each = length(var.profile_version_arns) > 0 ? toset([]) : toset(var.signing_accounts)

  profile_name = aws_signer_signing_profile.own[0].name
  action       = "signer:StartSigningJob"
  principal    = each.value
  statement_id = "sign-${each.value}"
}

resource "aws_signer_signing_profile_permission" "look" {
  for_each = aws_signer_signing_profile_permission.sign

  profile_name = each.value.profile_name
  action       = "signer:GetSigningProfile"
  principal    = each.key
  statement_id = "look-${each.key}"
}

resource "aws_lambda_code_signing_config" "code" {
  description = "Code of these profiles only"

  allowed_publishers {
    signing_profile_version_arns = local.profile_versions
  }

  policies {
    untrusted_artifact_on_deployment = var.untrusted_artifact
  }
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 365
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "logs"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.logs.json
}

# The package is an object that the profile signed: a file of this machine would be uploaded as it is.
resource "aws_lambda_function" "function" {
  function_name           = var.name
  runtime                 = "provided.al2023"
  handler                 = "bootstrap"
  role                    = aws_iam_role.function.arn
  s3_bucket               = var.package.bucket
  s3_key                  = var.package.key
  s3_object_version       = var.package.version
  layers                  = var.layer_version_arns
  code_signing_config_arn = aws_lambda_code_signing_config.code.arn

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function.name
  }
}
