//! Flags that say what the trust policy's statement must be like.

use super::output::CommandOutput;
use crate::trust_policy::Level;
use crate::verify::Requirement;

/// Flags of commands that verify against a trust policy.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct RequireArgs {
    /// Refuse, before any registry is asked, a trust policy statement that is less than this level after
    /// its overrides. `skip` satisfies no level
    #[arg(long, value_name = "LEVEL")]
    require: Option<Least>,
    /// Refuse, before any registry is asked, what only the statement for everything covers: `*`, or the
    /// global one for files
    #[arg(long, conflicts_with = "signing_profile")]
    require_statement: bool,
    /// Shortfall that `--require` accepts. May be given several times
    #[arg(long, value_name = "SHORTFALL", requires = "require")]
    allow: Vec<Allowed>,
}

/// Levels that can be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Least {
    /// Every validation is enforced
    Strict,
    /// Integrity and authenticity are enforced
    Permissive,
    /// Integrity is enforced
    Audit,
}

/// Shortfalls that can be accepted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Allowed {
    /// The statement skips revocation
    SkippedRevocation,
    /// The statement lets stored answers about revocation count that have no signature
    UnsignedRevocationStatements,
}

impl RequireArgs {
    /// Whether a level is required.
    pub(super) fn has_level(&self) -> bool {
        self.require.is_some()
    }

    /// Whether the strictest level is required, which accepts nothing that others may write.
    pub(super) fn is_strict(&self) -> bool {
        self.require == Some(Least::Strict)
    }

    /// What is required. `names_unsigned` if another flag names answers that have no signature.
    pub(super) fn requirement(&self, names_unsigned: bool) -> Requirement {
        let level = self.require.map(|least| match least {
            Least::Strict => Level::Strict,
            Least::Permissive => Level::Permissive,
            Least::Audit => Level::Audit,
        });
        let allows = |allowed| self.allow.contains(&allowed);
        Requirement {
            level,
            by_name: self.require_statement,
            allows_skipped_revocation: allows(Allowed::SkippedRevocation),
            allows_unsigned_revocation: names_unsigned
                || allows(Allowed::UnsignedRevocationStatements),
        }
    }
}

/// Refuses `--unsigned-revocation-statements` where a policy says that itself and no level is required.
pub(super) fn check_unsigned_flag(
    is_given: bool,
    has_profiles: bool,
    args: &RequireArgs,
) -> Result<(), CommandOutput> {
    if !is_given || has_profiles || args.has_level() {
        return Ok(());
    }
    Err(CommandOutput::usage(
        "`--unsigned-revocation-statements` needs `--signing-profile` or `--require`",
        Some(
            "a trust policy allows such statements itself, with `unsignedRevocationStatements`"
                .to_owned(),
        ),
    ))
}
