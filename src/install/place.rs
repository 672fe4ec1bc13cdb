//! The lines that set this program up in other places: pipelines, images, functions.

use std::fmt::Write as _;

use crate::signer::aws_signer::SigningProfile;

/// A place where this program runs without being set up by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// AWS CodeBuild.
    CodeBuild,
    /// GitHub Actions.
    GitHub,
    /// A container image, built by a `Dockerfile`.
    Image,
    /// A function of AWS Lambda in a container image.
    Lambda,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::CodeBuild, Self::GitHub, Self::Image, Self::Lambda];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeBuild => "codebuild",
            Self::GitHub => "github",
            Self::Image => "image",
            Self::Lambda => "lambda",
        }
    }

    /// The lines for it. `IMAGE` in them is the image by digest, which the step before has to set.
    pub fn lines(self, profiles: &[SigningProfile]) -> String {
        let flags: Vec<String> = profiles
            .iter()
            .map(|profile| format!("--signing-profile {profile}"))
            .collect();
        let flags = flags.join(" ");
        let first = profiles
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        let setup = format!("countersign setup {flags}");
        let sign = format!("countersign sign --if-missing --signing-profile {first} \"$IMAGE\"");
        let verify = "countersign verify --require strict \"$IMAGE\"";
        match self {
            Self::CodeBuild => format!(
                "# buildspec.yml: after `docker push`, with IMAGE set to the image by digest\n\
                 phases:\n  post_build:\n    commands:\n      - {setup}\n      - {sign}\n      - {verify}\n"
            ),
            Self::GitHub => {
                let region = profiles
                    .first()
                    .map(|profile| profile.arn().location().region().to_owned())
                    .unwrap_or_default();
                let mut text = String::from(
                    "# Steps of a job with `permissions: id-token: write`; ROLE_ARN is a role that trusts the repository\n",
                );
                // Writing to a `String` cannot fail.
                let _ = write!(
                    text,
                    "- uses: aws-actions/configure-aws-credentials@v4\n  with:\n    role-to-assume: ${{{{ vars.ROLE_ARN }}}}\n    \
                     aws-region: {region}\n- env:\n    IMAGE: ${{{{ steps.build.outputs.image }}}}\n  run: |\n    {setup}\n    \
                     {sign}\n    {verify}\n"
                );
                text
            }
            Self::Image => format!(
                "# Dockerfile: a gate that verifies and never signs\n\
                 COPY countersign /usr/local/bin/countersign\n\
                 ENV NOTATION_CONFIG=/etc/notation NOTATION_CACHE=/tmp/notation\n\
                 RUN {setup} && chmod -R a+rX /etc/notation\n\
                 ENTRYPOINT [\"countersign\", \"verify\", \"--require\", \"strict\"]\n"
            ),
            Self::Lambda => format!(
                "# Dockerfile of the function: it has no home, and only /tmp can be written\n\
                 COPY countersign /opt/bin/countersign\n\
                 ENV PATH=/opt/bin:$PATH NOTATION_CONFIG=/opt/notation NOTATION_CACHE=/tmp/notation\n\
                 RUN {setup} && chmod -R a+rX /opt/notation\n"
            ),
        }
    }
}
