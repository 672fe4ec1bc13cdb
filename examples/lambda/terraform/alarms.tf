# With Warn, AWS Lambda counts what Enforce would refuse, for each function. The query sums them.
resource "aws_cloudwatch_metric_alarm" "warned" {
  alarm_name          = "${var.name}-warned"
  alarm_description   = "Code was deployed that is unsigned, expired, revoked or of another profile, because the configuration only warns"
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]

  metric_query {
    id          = "warned"
    expression  = "SELECT SUM(SignatureValidationErrors) FROM SCHEMA(\"AWS/Lambda\", FunctionName)"
    period      = 300
    return_data = true
  }
}

# What CloudTrail tells; without a trail that logs management events there is no event.
locals {
  events = {
    # AWS Lambda refused code.
    refused = { errorCode = ["CodeVerificationFailedException"] }
    # A deployment that succeeded, and whose signature does not count.
    mismatched = { additionalEventData = { signatureStatus = [{ "anything-but" = "VALID" }] } }
    # The names in CloudTrail end with the version of the API.
    changed = { eventName = [for name in [
      "CreateCodeSigningConfig",
      "DeleteCodeSigningConfig",
      "DeleteFunctionCodeSigningConfig",
      "PutFunctionCodeSigningConfig",
      "UpdateCodeSigningConfig",
    ] : { prefix = name }] }
  }
}

resource "aws_cloudwatch_event_rule" "code_signing" {
  for_each = local.events

  name = "${var.name}-${each.key}"
  event_pattern = jsonencode({
    source        = ["aws.lambda"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail        = merge({ eventSource = ["lambda.amazonaws.com"] }, each.value)
  })
}

resource "aws_cloudwatch_event_target" "code_signing" {
  for_each = aws_cloudwatch_event_rule.code_signing

  rule = each.value.name
  arn  = var.alarm_topic_arn
}
