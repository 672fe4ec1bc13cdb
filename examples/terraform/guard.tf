# Whoever may deploy can leave the hook out: IAM has no condition on a service's hooks. What is possible is this: the
# deployer may change neither the function nor the roles, and each change of a service is told to somebody who then runs
# `countersign gate audit-service`.

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

locals {
  # A service that is made or changed with deployment settings of its own, and one that is made without any.
  service_changes = {
    changed = { names = ["CreateService", "UpdateService"], has_settings = true }
    bare    = { names = ["CreateService"], has_settings = false }
  }
}

resource "aws_cloudwatch_event_rule" "service" {
  for_each = local.service_changes

  name = "${var.name}-service-${each.key}"
  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["ecs.amazonaws.com"]
      eventName   = each.value.names
      requestParameters = {
        deploymentConfiguration = [{ exists = each.value.has_settings }]
      }
    }
  })
}

resource "aws_cloudwatch_event_target" "service" {
  for_each = aws_cloudwatch_event_rule.service

  rule = each.value.name
  arn  = var.alarm_topic_arn
}
