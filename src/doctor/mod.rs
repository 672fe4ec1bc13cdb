//! Whether this machine can sign and verify, and why not: each check calls what signing and verifying call.
//!
//! Input: an environment, and the profiles, keys and references that the user names. Output: one [`Finding`] for
//! each thing that was looked at. Nothing is changed: AWS and registries are asked what only reads, files are
//! read, and what cannot be known without doing it is [`Status::Unknown`], never [`Status::Pass`].
//!
//! Not checked here: signatures.

mod actions;
mod caller;
mod data_plane;
mod examination;
mod files;
mod finding;
mod hook;
mod hook_audit;
mod hook_role;
mod keys;
mod plugins;
mod policy;
mod profiles;
mod registry;

pub use examination::Examination;
pub use finding::{Check, Finding, PolicyStatement, Status};
pub use hook_audit::{AuditedServices, HookAudit};

use tokio::time::Instant;

use crate::environment::Connections;
use crate::limits::MAX_CHECKED_PROFILES;
use crate::signer::aws_signer::SigningProfile;

impl Examination {
    /// What files say: policy, trust stores, keys, plugins, who may write them, caches. Runs installed plugins for
    /// their versions if `runs_plugins`, and sends no request.
    pub async fn of_files(&self, runs_plugins: bool) -> Vec<Finding> {
        let (setup, mut findings) = policy::check(self);
        findings.extend(keys::check(self, None).await);
        findings.extend(plugins::check(self, runs_plugins).await);
        findings.extend(files::check(self, setup.as_ref()));
        findings
    }

    /// Everything that is found, in the order in which it is needed.
    pub async fn of_everything(&self, connections: &Connections) -> Vec<Finding> {
        let begun = Instant::now();
        let (setup, of_policy) = policy::check(self);
        let profiles = self.examined_profiles(setup.as_ref());
        let region = caller::region_to_ask(self, &profiles, connections).await;
        let is_aws_needed = !profiles.is_empty() || self.is_ecr();
        let (caller, mut findings) =
            caller::check(self, connections, &region, is_aws_needed, begun).await;
        findings.push(caller::region(connections, &profiles).await);
        findings.extend(caller::proxies(self, connections, &region).await);
        let mut versions = Vec::new();
        for profile in &profiles {
            let (version, found) =
                profiles::check(self, connections, profile, caller.as_ref()).await;
            versions.push((profile, version));
            findings.extend(found);
        }
        let trusts_only_aws = policy::trusts_only_aws(&of_policy);
        for region in data_plane::regions(connections, &profiles) {
            findings.extend(data_plane::check(connections, &region).await);
            if trusts_only_aws {
                findings.extend(data_plane::another_signer(connections, &region).await);
            }
        }
        findings.extend(actions::revocation(self, connections, &versions).await);
        if !self.only_verifies {
            let signing = actions::signing(self, connections, &profiles, caller.as_ref()).await;
            findings.extend(signing);
        }
        findings.extend(registry::check(self, connections, caller.as_ref()).await);
        findings.extend(of_policy);
        let asking = Some((connections, caller.as_ref()));
        findings.extend(keys::check(self, asking).await);
        findings.extend(plugins::check(self, true).await);
        findings.extend(files::check(self, setup.as_ref()));
        findings
    }

    /// The profiles that are named, else those that the policy trusts; not more than can be asked about.
    fn examined_profiles(&self, setup: Option<&crate::verify::Setup>) -> Vec<SigningProfile> {
        let mut profiles = self.profiles.clone();
        if let (true, Some(setup)) = (profiles.is_empty(), setup) {
            for identity in policy::identities(self, setup) {
                let profile = SigningProfile::parse(identity);
                profiles.extend(profile.ok().filter(|profile| !profiles.contains(profile)));
            }
        }
        profiles.truncate(MAX_CHECKED_PROFILES);
        profiles
    }
}
