//! AWS STS (query protocol): who am I, and temporary credentials.

use bytes::Bytes;
use http::{Response, StatusCode};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    call::Caller,
    error::AwsError,
    identities::{Identities, TemporaryCredentials},
    protocol::{Protocol, xml},
    random,
};

/// The operation of a form body.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn action(&self) -> &str {
        self.text("Action").unwrap_or("Unknown")
    }

    /// Whether the operation is one for callers that have no credentials yet.
    pub(crate) fn is_unsigned(&self) -> bool {
        self.action() == "AssumeRoleWithWebIdentity"
    }

    /// The values of the members that begin so, in the order of the form.
    pub(crate) fn list(&self, prefix: &str) -> Vec<&str> {
        let members = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        members.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.text(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            let shape = format!("{}{}", name.get(..1).unwrap_or_default().to_ascii_lowercase(), name.get(1..).unwrap_or_default());
            AwsError::client(
                "ValidationError",
                format!("1 validation error detected: Value at '{shape}' failed to satisfy constraint: Member must not be null"),
            )
        })
    }
}

/// What the operations work with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) identities: &'a Identities,
    /// The token that `AssumeRoleWithWebIdentity` takes; `None`: any.
    pub(crate) web_identity_token: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

/// Answers one operation. `caller` is missing only for the unsigned operation.
pub(crate) fn handle(
    context: &Context<'_>,
    caller: Option<&Caller>,
    form: &Form,
) -> Result<Response<Bytes>, AwsError> {
    match (form.action(), caller) {
        ("GetCallerIdentity", Some(caller)) => Ok(answer(
            "GetCallerIdentity",
            &format!(
                "    <Arn>{}</Arn>\n    <UserId>{}</UserId>\n    <Account>{}</Account>\n",
                xml(&caller.arn),
                xml(&caller.user_id),
                caller.account
            ),
        )),
        ("AssumeRole", Some(_)) => {
            let credentials = assume(context, form, 3_600)?;
            Ok(answer("AssumeRole", &credentials_xml(&credentials)))
        }
        ("AssumeRoleWithWebIdentity", _) => {
            let token = form.required("WebIdentityToken")?;
            if context
                .web_identity_token
                .is_some_and(|expected| expected != token)
            {
                return Err(AwsError::client(
                    "InvalidIdentityToken",
                    "No OpenIDConnect provider found in your account for the issuer of this token",
                ));
            }
            let credentials = assume(context, form, 3_600)?;
            let body = format!(
                "{}    <SubjectFromWebIdentityToken>emulator</SubjectFromWebIdentityToken>\n    \
                 <Audience>sts.amazonaws.com</Audience>\n",
                credentials_xml(&credentials)
            );
            Ok(answer("AssumeRoleWithWebIdentity", &body))
        }
        (action, _) => Err(AwsError::client(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}

fn assume(
    context: &Context<'_>,
    form: &Form,
    default_seconds: i64,
) -> Result<TemporaryCredentials, AwsError> {
    let arn = form.required("RoleArn")?;
    let session = form.required("RoleSessionName")?;
    let seconds = form
        .text("DurationSeconds")
        .map_or(Ok(default_seconds), str::parse)
        .unwrap_or(0);
    if !(900..=43_200).contains(&seconds) {
        return Err(AwsError::client(
            "ValidationError",
            "DurationSeconds must be between 900 and 43200",
        ));
    }
    let (account, role) = parse_role(arn)
        .ok_or_else(|| AwsError::client("ValidationError", format!("{arn} is invalid")))?;
    Ok(context.identities.assume_role(
        account,
        role,
        session,
        context.now,
        Duration::seconds(seconds),
    ))
}

/// Account and name of `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
pub(crate) fn parse_role(arn: &str) -> Option<(&str, &str)> {
    let (account, resource) = arn
        .strip_prefix("arn:")?
        .split_once(":iam::")?
        .1
        .split_once(':')?;
    let role = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !role.is_empty()).then_some((account, role))
}

fn credentials_xml(credentials: &TemporaryCredentials) -> String {
    format!(
        "    <AssumedRoleUser>\n      <AssumedRoleId>{role_id}:{session}</AssumedRoleId>\n      \
         <Arn>arn:aws:sts::{account}:assumed-role/{role}/{session}</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n      \
         <AccessKeyId>{key}</AccessKeyId>\n      <SecretAccessKey>{secret}</SecretAccessKey>\n      \
         <SessionToken>{token}</SessionToken>\n      <Expiration>{expiration}</Expiration>\n    </Credentials>\n",
        role_id = credentials.role_id,
        session = xml(&credentials.session),
        account = credentials.account,
        role = xml(&credentials.role),
        key = credentials.access_key_id,
        secret = credentials.secret_access_key,
        token = credentials.session_token,
        expiration = credentials.expiration.format(&Rfc3339).unwrap_or_default(),
    )
}

fn answer(action: &str, result: &str) -> Response<Bytes> {
    let request_id = random::uuid();
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <{action}Result>\n{result}  \
         </{action}Result>\n  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  \
         </ResponseMetadata>\n</{action}Response>\n"
    );
    Protocol::Query.response_with_id(StatusCode::OK, body.into_bytes(), &request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        assert_eq!(
            parse_role("arn:aws:iam::111122223333:role/ci/builder"),
            Some(("111122223333", "builder"))
        );
        for arn in [
            "",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::11112222333:role/x",
            "arn:aws:iam::111122223333:user/x",
        ] {
            assert_eq!(parse_role(arn), None, "{arn}");
        }
    }
}
