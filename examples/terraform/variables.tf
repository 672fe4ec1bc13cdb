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

variable "policy" {
  description = "Where the gate policy is, if not in the package: the ARN of one parameter of Systems Manager, secret or object of S3; and of the key of AWS KMS that it is encrypted with, if that is not AWS's own"
  type = object({
    parameter_arn = optional(string)
    secret_arn    = optional(string)
    object_arn    = optional(string)
    key_arn       = optional(string)
  })
  default = {}

  validation {
    condition     = length([for arn in [var.policy.parameter_arn, var.policy.secret_arn, var.policy.object_arn] : arn if arn != null]) <= 1
    error_message = "The gate policy is in one place."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that the alarms and the rule notify"
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
  value       = aws_iam_role.gate["hook"].arn
}
