# What a role may do that deploys: as `countersign lambda iam-policy --config ARN --functions 'NAME*' --execution-role ARN` writes it.

data "aws_iam_policy_document" "developers" {
  statement {
    sid       = "CreateWithTheConfiguration"
    actions   = ["lambda:CreateFunction"]
    resources = [local.functions]
    condition {
      test     = "ArnEquals"
      variable = "lambda:CodeSigningConfigArn"
      values   = [aws_lambda_code_signing_config.code.arn]
    }
  }

  statement {
    sid       = "AttachTheConfiguration"
    actions   = ["lambda:PutFunctionCodeSigningConfig"]
    resources = [local.functions, aws_lambda_code_signing_config.code.arn]
    condition {
      test     = "ArnEquals"
      variable = "lambda:CodeSigningConfigArn"
      values   = [aws_lambda_code_signing_config.code.arn]
    }
  }

  statement {
    sid       = "ReadTheConfiguration"
    actions   = ["lambda:GetCodeSigningConfig"]
    resources = [aws_lambda_code_signing_config.code.arn]
  }

  statement {
    sid = "Deploy"
    actions = [
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:PublishVersion",
      "lambda:UpdateFunctionCode",
      "lambda:UpdateFunctionConfiguration",
    ]
    resources = [local.functions]
  }

  statement {
    sid       = "UseLayers"
    actions   = ["lambda:GetLayerVersion"]
    resources = ["${local.of_account}:layer:*:*"]
  }

  statement {
    sid       = "PassTheExecutionRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.function.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com"]
    }
  }

  # True as well where a function is to have no configuration at all.
  statement {
    sid       = "NoOtherConfiguration"
    effect    = "Deny"
    actions   = ["lambda:CreateFunction", "lambda:PutFunctionCodeSigningConfig"]
    resources = ["*"]
    condition {
      test     = "ArnNotEquals"
      variable = "lambda:CodeSigningConfigArn"
      values   = [aws_lambda_code_signing_config.code.arn]
    }
  }

  statement {
    sid    = "KeepTheConfiguration"
    effect = "Deny"
    actions = [
      "lambda:CreateCodeSigningConfig",
      "lambda:DeleteCodeSigningConfig",
      "lambda:DeleteFunctionCodeSigningConfig",
      "lambda:UpdateCodeSigningConfig",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "KeepTheSigningProfiles"
    effect = "Deny"
    actions = [
      "signer:AddProfilePermission",
      "signer:CancelSigningProfile",
      "signer:PutSigningProfile",
      "signer:RemoveProfilePermission",
      "signer:RevokeSignature",
      "signer:RevokeSigningProfile",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "developers" {
  name   = "${var.name}-developers"
  policy = data.aws_iam_policy_document.developers.json
}

resource "aws_iam_role_policy_attachment" "developers" {
  for_each = toset(var.developer_roles)

  role       = each.value
  policy_arn = aws_iam_policy.developers.arn
}
