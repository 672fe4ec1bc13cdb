variable "name" {
  description = "Name of the function, and the beginning of all other names"
  type        = string
  default     = "countersign-gate"
}

variable "package" {
  description = "File with the package of the function, a ZIP with `bootstrap` and the gate policy"
  type        = string
}

variable "architecture" {
  description = "What the package was built for"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "repositories" {
  description = "Repositories that the gate may read, such as team/*, in this account and region"
  type        = string
  default     = "*"
}

variable "alarm_topic_arn" {
  description = "SNS topic that the alarms and the rules notify"
  type        = string
}

variable "deployer_roles" {
  description = "Names of roles that deploy services and must not change the gate"
  type        = list(string)
  default     = []
}

output "function_arn" {
  description = "What hooks name as hook_target_arn, and gate audit-service as --function"
  value       = aws_lambda_alias.live.arn
}

output "hook_role_arn" {
  description = "What hooks name as role_arn"
  value       = aws_iam_role.hook.arn
}
