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

# The two roles: one of the function itself, and one with which Amazon ECS calls the function, and nothing else.
locals {
  roles = {
    function = { service = "lambda.amazonaws.com", conditions = [] }
    hook = {
      service = "ecs.amazonaws.com"
      conditions = [
        { test = "StringEquals", variable = "aws:SourceAccount", value = local.account },
        { test = "ArnLike", variable = "aws:SourceArn", value = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" },
      ]
    }
  }
  of_account = "${local.region}:${local.account}"

  # What the function may do, by the name of the statement. Some actions have no resource.
  always = {
    WhatIsDeployed           = { actions = ["ecs:DescribeServiceRevisions"], resource = "arn:${local.partition}:ecs:${local.of_account}:service-revision/*" }
    TaskDefinitionsAndTokens = { actions = ["ecs:DescribeTaskDefinition", "ecr:GetAuthorizationToken"], resource = "*" }
    ImagesAndSignatures      = { actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], resource = "arn:${local.partition}:ecr:${local.of_account}:repository/${var.repositories}" }
    # Of any account whose profile signed.
    Revocation = { actions = ["signer:GetRevocationStatus"], resource = "arn:${local.partition}:signer:*:*:/signing-jobs/*" }
    Logs       = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resource = "${aws_cloudwatch_log_group.gate.arn}:*" }
  }

  # Where the gate policy is not in the package.
  places_of_policy = {
    PolicyInParameter = { actions = ["ssm:GetParameter"], resource = var.policy.parameter_arn }
    PolicyInSecret    = { actions = ["secretsmanager:GetSecretValue"], resource = var.policy.secret_arn }
    PolicyInObject    = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resource = var.policy.object_arn }
  }
  allowed = merge(local.always, { for sid, place in local.places_of_policy : sid => place if place.resource != null })
}

data "aws_iam_policy_document" "assume" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }
    dynamic "condition" {
      for_each = each.value.conditions
      content {
        test     = condition.value.test
        variable = condition.value.variable
        values   = [condition.value.value]
      }
    }
  }
}

resource "aws_iam_role" "gate" {
  for_each = local.roles

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume[each.key].json
}

# Apart from the roles: the policy of the hook's role names the function, which has the other role.
resource "aws_iam_role_policy" "gate" {
  for_each = {
    function = data.aws_iam_policy_document.function.json
    hook     = data.aws_iam_policy_document.hook.json
  }

  name   = each.key
  role   = aws_iam_role.gate[each.key].id
  policy = each.value
}

data "aws_iam_policy_document" "function" {
  dynamic "statement" {
    for_each = local.allowed
    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [statement.value.resource]
    }
  }

  dynamic "statement" {
    for_each = var.policy.key_arn == null ? [] : [var.policy.key_arn]
    content {
      sid       = "PolicyKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["ssm", "secretsmanager", "s3"] : "${service}.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

data "aws_iam_policy_document" "hook" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_alias.live.arn]
  }
}

resource "aws_lambda_function" "gate" {
  function_name    = var.name
  description      = "Verifies the images of each deployment of Amazon ECS"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  role             = aws_iam_role.gate["function"].arn
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
