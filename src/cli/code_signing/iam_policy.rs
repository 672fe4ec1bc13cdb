//! `countersign lambda iam-policy`: the policy of a role that may deploy signed code only.

use crate::aws::{ArnError, CodeSigningConfigArn, Location};
use crate::cli::output::CommandOutput;
use crate::limits::MAX_ARN_BYTES;
use crate::report::{IamPolicy, IamStatement};

/// The condition key that a function is created with, or gets.
const KEY: &str = "lambda:CodeSigningConfigArn";

const CREATES: &str = "lambda:CreateFunction";

/// What gives a function a configuration; it is an action on both.
const ATTACHES: &str = "lambda:PutFunctionCodeSigningConfig";

/// What a deployment is made of, which AWS Lambda holds to the function's configuration.
const DEPLOYS: [&str; 5] = [
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:PublishVersion",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];

/// What gives a function a layer, on the layer's version.
const USES_LAYERS: &str = "lambda:GetLayerVersion";

/// What would make or change a configuration, or take it away.
const CONFIGURES: [&str; 4] = [
    "lambda:CreateCodeSigningConfig",
    "lambda:DeleteCodeSigningConfig",
    "lambda:DeleteFunctionCodeSigningConfig",
    "lambda:UpdateCodeSigningConfig",
];

/// What would make or change a signing profile, or let others use it.
const MANAGES_PROFILES: [&str; 6] = [
    "signer:AddProfilePermission",
    "signer:CancelSigningProfile",
    "signer:PutSigningProfile",
    "signer:RemoveProfilePermission",
    "signer:RevokeSignature",
    "signer:RevokeSigningProfile",
];

/// Flags of `lambda iam-policy`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda iam-policy --config arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0\n  \
    countersign lambda iam-policy --config CONFIG_ARN --functions 'team-*' --execution-role ROLE_ARN")]
pub(in crate::cli) struct Args {
    /// Code signing configuration that functions must have. May be given several times
    #[arg(long, value_name = "ARN", required = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    config: Vec<String>,
    /// Names of the functions, with `*` for any letters
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    functions: String,
    /// Role that the functions may run with: the policy permits passing it to AWS Lambda. May be given several times
    #[arg(long, value_name = "ARN")]
    execution_role: Vec<String>,
}

pub(super) fn run(args: &Args) -> CommandOutput {
    match policy(args) {
        Ok(policy) => CommandOutput {
            document: policy.text(),
            ..CommandOutput::done()
        },
        Err(report) => report,
    }
}

fn policy(args: &Args) -> Result<IamPolicy, CommandOutput> {
    let unusable = |error: ArnError| CommandOutput::unusable(&error, error.hint());
    let configs = args
        .config
        .iter()
        .map(|text| CodeSigningConfigArn::parse(text));
    let configs = configs.collect::<Result<Vec<_>, _>>().map_err(unusable)?;
    let mut locations: Vec<&Location> = Vec::new();
    for config in &configs {
        if !locations.contains(&config.location()) {
            locations.push(config.location());
        }
    }
    let pattern = &args.functions;
    let is_pattern = (1..=140).contains(&pattern.len())
        && pattern
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*' | b'?'));
    if !is_pattern {
        let sentence = format!("`{pattern}` is not a pattern of function names");
        let hint = "use letters, digits, `-` and `_`, and `*` for any letters".to_owned();
        return Err(CommandOutput::usage(&sentence, Some(hint)));
    }
    let functions = locations
        .iter()
        .map(|location| format!("{location}function:{pattern}"));
    let functions: Vec<String> = functions.collect();
    let layers = locations
        .iter()
        .map(|location| format!("{location}layer:*:*"));
    let layers: Vec<String> = layers.collect();
    let names: Vec<String> = configs.iter().map(ToString::to_string).collect();
    let everything = ["*".to_owned()];
    let mut statements = vec![
        IamStatement::allow("CreateWithTheConfiguration", &[CREATES], &functions).when(
            "ArnEquals",
            KEY,
            &names,
        ),
        IamStatement::allow(
            "AttachTheConfiguration",
            &[ATTACHES],
            &[&functions[..], &names].concat(),
        )
        .when("ArnEquals", KEY, &names),
        IamStatement::allow(
            "ReadTheConfiguration",
            &["lambda:GetCodeSigningConfig"],
            &names,
        ),
        IamStatement::allow("Deploy", &DEPLOYS, &functions),
        IamStatement::allow("UseLayers", &[USES_LAYERS], &layers),
    ];
    if !args.execution_role.is_empty() {
        let roles = args.execution_role.iter().map(|role| checked_role(role));
        let roles = roles.collect::<Result<Vec<_>, _>>()?;
        let to_lambda = ["lambda.amazonaws.com".to_owned()];
        statements.push(
            IamStatement::allow("PassTheExecutionRole", &["iam:PassRole"], &roles).when(
                "StringEquals",
                "iam:PassedToService",
                &to_lambda,
            ),
        );
    }
    statements.extend([
        // True as well where the function is to have no configuration at all.
        IamStatement::deny("NoOtherConfiguration", &[CREATES, ATTACHES], &everything).when(
            "ArnNotEquals",
            KEY,
            &names,
        ),
        IamStatement::deny("KeepTheConfiguration", &CONFIGURES, &everything),
        IamStatement::deny("KeepTheSigningProfiles", &MANAGES_PROFILES, &everything),
    ]);
    Ok(IamPolicy::new(statements))
}

/// The ARN of a role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
fn checked_role(text: &str) -> Result<String, CommandOutput> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_role = text.len() <= MAX_ARN_BYTES
        && matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(is_role_name));
    if is_role {
        return Ok(text.to_owned());
    }
    let sentence = format!("`{text}` is not the ARN of a role");
    let hint = "such an ARN is like `arn:aws:iam::111122223333:role/functions`; `*` is not taken, because a role that may \
                do more would be passed";
    Err(CommandOutput::usage(&sentence, Some(hint.to_owned())))
}

fn is_role_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'/' | b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-')
        })
}
