# Every principal that may deploy can leave the hook out, since IAM has no condition on a service's hooks. What is possible:
# the deployer may not change the function, its roles, the gate policy and what tells of changes, and the topic is told of
# each change of a service, so that a program can run `countersign gate audit-service`.

data "aws_iam_policy_document" "keep_the_gate" {
  statement {
    sid    = "TheFunction"
    effect = "Deny"
    actions = [
      "lambda:AddPermission",
      "lambda:DeleteAlias",
      "lambda:DeleteFunction",
      "lambda:PublishVersion",
      "lambda:PutFunctionConcurrency",
      "lambda:RemovePermission",
      "lambda:UpdateAlias",
      "lambda:UpdateFunctionCode",
      "lambda:UpdateFunctionConfiguration",
    ]
    resources = [aws_lambda_function.gate.arn, "${aws_lambda_function.gate.arn}:*"]
  }

  statement {
    sid    = "ItsRoles"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:UpdateAssumeRolePolicy",
    ]
    resources = [aws_iam_role.gate["function"].arn, aws_iam_role.gate["hook"].arn]
  }

  statement {
    sid    = "NoWayAroundTheHook"
    effect = "Deny"
    actions = [
      "ecs:ContinueServiceDeployment",
      "ecs:CreateTaskSet",
      "ecs:RunTask",
      "ecs:StartTask",
      "ecs:UpdateTaskSet",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "WhatTellsOfIt"
    effect = "Deny"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DisableAlarmActions",
      "cloudwatch:PutMetricAlarm",
      "events:DeleteRule",
      "events:DisableRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
    ]
    resources = concat(
      [for alarm in aws_cloudwatch_metric_alarm.gate : alarm.arn],
      [
        aws_cloudwatch_metric_alarm.failed.arn,
        aws_cloudwatch_metric_alarm.latency.arn,
        aws_cloudwatch_event_rule.service.arn,
      ],
    )
  }

  dynamic "statement" {
    for_each = local.policy_writes
    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = statement.value.actions
      resources = [statement.value.arn]
    }
  }
}

locals {
  # Where the gate policy is, if it is not in the package, and what changes it there.
  policy_writes = { for name, write in {
    PolicyInParameter = {
      arn     = var.policy.parameter_arn
      actions = ["ssm:DeleteParameter", "ssm:DeleteParameters", "ssm:PutParameter"]
    }
    PolicyInSecret = {
      arn = var.policy.secret_arn
      actions = [
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecret",
        "secretsmanager:UpdateSecretVersionStage",
      ]
    }
    PolicyInObject = {
      arn     = var.policy.object_arn
      actions = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]
    }
  } : name => write if write.arn != null }
}

resource "aws_iam_policy" "keep_the_gate" {
  name   = "${var.name}-keep"
  policy = data.aws_iam_policy_document.keep_the_gate.json
}

resource "aws_iam_role_policy_attachment" "deployer" {
  for_each = toset(var.deployer_roles)

  role       = each.value
  policy_arn = aws_iam_policy.keep_the_gate.arn
}

# Every change: a pattern with `exists` sees only the last member of a path, and a list of hooks that was emptied has none.
resource "aws_cloudwatch_event_rule" "service" {
  name        = "${var.name}-service"
  description = "A service of Amazon ECS was made or changed, perhaps without its hook"
  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["ecs.amazonaws.com"]
      eventName   = ["CreateService", "UpdateService"]
    }
  })
}

resource "aws_cloudwatch_event_target" "service" {
  rule = aws_cloudwatch_event_rule.service.name
  arn  = var.alarm_topic_arn
}
