//! Which link of AWS's chain gave credentials.

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;

/// The links that gave `credentials`, in words that follow "from"; `None` where the last one does not say.
pub(super) fn of(credentials: &Credentials) -> Option<String> {
    let features: &Vec<AwsCredentialFeature> = credentials.get_property()?;
    let links: Vec<&str> = features.iter().filter_map(link).collect();
    (!links.is_empty()).then(|| links.join(", then "))
}

/// A link of AWS's chain, in words.
fn link(feature: &AwsCredentialFeature) -> Option<&'static str> {
    use AwsCredentialFeature as F;
    Some(match feature {
        F::CredentialsCode => "the program",
        F::CredentialsEnvVars => "the environment's variables",
        F::CredentialsEnvVarsStsWebIdToken => "the environment's web identity token",
        F::CredentialsStsAssumeRole => "an assumed role",
        F::CredentialsStsAssumeRoleWebId => "a role assumed with a web identity",
        F::CredentialsProfile => "the configuration files",
        F::CredentialsProfileSourceProfile => "a source profile of the configuration files",
        F::CredentialsProfileNamedProvider => "a named source of the configuration files",
        F::CredentialsProfileStsWebIdToken => "a web identity of the configuration files",
        F::CredentialsProfileSso => "single sign-on in the configuration files",
        F::CredentialsSso => "single sign-on",
        F::CredentialsProfileProcess => "a process that the configuration files name",
        F::CredentialsProcess => "a process",
        F::CredentialsHttp => "the container's endpoint",
        F::CredentialsImds => "the instance's metadata",
        _ => return None,
    })
}
