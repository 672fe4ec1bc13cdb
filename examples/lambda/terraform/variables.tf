variable "name" {
  description = "Name of the function, and the beginning of all other names; developers may make functions that begin with it"
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{2,30}$", var.name))
    error_message = "The name has 2 to 30 letters, digits and hyphens."
  }
}

variable "package" {
  description = "The signed package of the function: an object in Amazon S3, and its version"
  type = object({
    bucket  = string
    key     = string
    version = string
  })
}

variable "layer_version_arns" {
  description = "Layers of the function, each signed by one of the profiles"
  type        = list(string)
  default     = []
}

variable "profile_version_arns" {
  description = "Profile versions of a central signing account whose code is accepted; without one, this account gets a profile"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.profile_version_arns) <= 20
    error_message = "A code signing configuration has 20 profiles at most."
  }
}

variable "signing_accounts" {
  description = "Other accounts that may sign with this account's profile"
  type        = list(string)
  default     = []
}

variable "untrusted_artifact" {
  description = "What becomes of other code; begin with Warn, and enforce once `countersign lambda audit` finds nothing"
  type        = string
  default     = "Enforce"

  validation {
    condition     = contains(["Warn", "Enforce"], var.untrusted_artifact)
    error_message = "Other code is treated as Warn or Enforce says."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that the alarm and the rules notify"
  type        = string
}

variable "developer_roles" {
  description = "Names of roles that deploy functions with the configuration, and no others"
  type        = list(string)
  default     = []
}

output "code_signing_config_arn" {
  description = "What countersign lambda config attach takes"
  value       = aws_lambda_code_signing_config.code.arn
}

output "profile_version_arns" {
  description = "The profiles whose code is accepted"
  value       = local.profile_versions
}
