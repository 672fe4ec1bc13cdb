# What the gate finds, as CloudWatch counts it. Each alarm sums all services; the dimension `Service` says which it was.

locals {
  alarms = {
    SignatureValidationErrors = "A deployment was refused, because an image is not signed as the gate policy asks"
    Inconclusive              = "Deployments were refused or wait, because the gate could not look"
    Tolerated                 = "An image was let through although its signatures failed, because the gate policy says warn"
  }
}

resource "aws_cloudwatch_metric_alarm" "gate" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value
  namespace           = "Countersign"
  metric_name         = each.key
  dimensions          = { Action = "ecs-deployment" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}

# A function that fails refuses deployments and writes no metric of its own.
resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${var.name}-failed"
  alarm_description   = "The gate's function failed or was cut off, and the deployment was refused"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.gate.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${var.name}-latency"
  alarm_description   = "The gate takes half of the time that its function has"
  namespace           = "Countersign"
  metric_name         = "Latency"
  dimensions          = { Action = "ecs-deployment" }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  threshold           = 30000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}
