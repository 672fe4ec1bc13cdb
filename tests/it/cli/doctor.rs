//! `doctor`: each fault alone, with what was found, what is wanted and what to do; and that nothing is changed by it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign_emulator::{
    AccessKey, Decision, Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions,
};
use serde_json::{Value, json};

use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;

/// A machine on which all is well: set up, and with an image that is signed.
fn scene() -> Scene {
    let scene = Scene::new();
    set_up(&scene);
    scene
}

fn set_up(scene: &Scene) {
    let profile = &scene.profile.arn;
    let ran = scene.run(&[
        "setup",
        "--signing-profile",
        profile,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    scene.sign(&scene.image);
}

fn doctor(scene: &Scene, more: &[&str]) -> Ran {
    scene.run(&[&["doctor", &scene.image], more].concat())
}

/// What is not as it should be, a block for each finding, with one name in place of what is another one in each run. That
/// the emulator's root is not AWS's is left out.
fn not_passed(scene: &Scene, ran: &Ran) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in ran.stdout.lines().take_while(|line| !line.is_empty()) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => {
                block.push_str(line);
                block.push('\n');
            }
            _ => blocks.push(format!("{line}\n")),
        }
    }
    let is_known = |block: &String| {
        block.starts_with("pass ")
            || block.starts_with("warn     roots signingAuthority:trust-anchor: ")
    };
    blocks.retain(|block| !is_known(block));
    scrubbed(scene, &blocks.concat())
}

fn scrubbed(scene: &Scene, text: &str) -> String {
    let port = scene.emulator.address().port();
    let (digest, home) = (scene.digest(), scene.sandbox.home());
    let text = text
        .replace(&scene.profile.version_arn, "VERSION_ARN")
        .replace(&scene.profile.arn, "PROFILE_ARN")
        .replace(digest, "DIGEST")
        .replace(home.to_str().unwrap(), "HOME")
        .replace(&format!(":{port}"), ":PORT")
        .replace("127.0.0.1:PORT", "localhost:PORT");
    // AWS's names of requests.
    let mut parts = text.split("(request `");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str("(request `ID");
        shown.push_str(part.split_once('`').map_or("", |(_, rest)| rest));
        shown = shown.replacen("(request `ID)", "(request `ID`)", 1);
    }
    shown
}

/// The fault alone: exit code, and what is not as it should be.
#[track_caller]
fn assert_found(scene: &Scene, more: &[&str], code: i32, wanted: &str) {
    let ran = doctor(scene, more);
    let found = not_passed(scene, &ran);
    assert_eq!(found, wanted, "{ran:#?}");
    assert_eq!(ran.code, code, "{ran:#?}");
    // The document says the same.
    let ran = doctor(scene, &[more, &["--output", "json"]].concat());
    let document = document::document(&ran, "doctor.v1.schema.json");
    assert_eq!(document["exitCode"], code, "{document:#}");
}

/// Every file below `directory` with its time and content.
fn content(directory: &Path) -> BTreeMap<String, (std::time::SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let time = path.metadata().unwrap().modified().unwrap();
                found.insert(path.display().to_string(), (time, fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn where_all_is_well_everything_passes_and_nothing_is_changed() {
    let scene = scene();
    let before = (content(scene.sandbox.home()), scene.tags());
    scene.emulator.clear_calls();
    assert_found(&scene, &[], 0, "");
    let calls = scene.emulator.calls();
    assert_eq!((content(scene.sandbox.home()), scene.tags()), before);
    // Twice: in words and as a document.
    assert_eq!(calls.len(), 18, "{calls:#?}");
    let reading = [
        "GetCallerIdentity",
        "GetSigningProfile",
        "ListProfilePermissions",
        "GetRevocationStatus",
        "SimulatePrincipalPolicy",
        "registry:GetManifest",
        "registry:ListReferrers",
        // That the data plane answers at all.
        "Unknown",
    ];
    for call in calls {
        assert!(reading.contains(&call.operation.as_str()), "{call:#?}");
    }
    let ran = doctor(&scene, &[]);
    let lines = scrubbed(&scene, &ran.stdout);
    assert!(lines.lines().count() < 40, "not one screen: {lines}");
    let begin = "pass     credentials: `arn:aws:iam::111122223333:user/emulator`, credentials from the environment's variables\n\
                 pass     clock: this machine's clock agrees with AWS's\n\
                 pass     region: `us-east-1` is set; the profile's own counts: `us-east-1`\n";
    assert!(lines.starts_with(begin), "{lines}");
    assert!(
        lines.ends_with("\n\n19 passed, 1 with a warning, 0 failed, 0 not known\n"),
        "{lines}"
    );
    // What only signing needs.
    scene.emulator.clear_calls();
    assert_found(&scene, &["--verify-only"], 0, "");
    let operations = scene.operations();
    assert!(
        !operations.contains(&"SimulatePrincipalPolicy".to_owned()),
        "{operations:?}"
    );
}

#[test]
fn permissions_are_as_iam_says_and_unknown_where_it_says_nothing() {
    let scene = scene();
    let statement = "         statement: {\"Action\":[\"signer:SignPayload\"],\"Effect\":\"Allow\",\"Resource\":\"PROFILE_ARN\"}\n";
    let of = "permission signer:SignPayload on PROFILE_ARN: the policies of `arn:aws:iam::111122223333:user/emulator`";
    for (decision, code, wanted) in [
        (
            Decision::ImplicitDeny,
            1,
            format!(
                "fail     {of} do not allow `signer:SignPayload`\n         wanted: policies that allow it\n         \
                 hint: add the statement to a policy of the caller; where the caller only verifies, give `--verify-only`\n"
            ),
        ),
        (
            Decision::ExplicitDeny,
            1,
            format!(
                "fail     {of} deny `signer:SignPayload`\n         wanted: policies that allow it\n         \
                 hint: find the statement that denies it, which no other can outweigh; where the caller only verifies, \
                 give `--verify-only`\n"
            ),
        ),
        (
            Decision::MissingContext,
            3,
            format!(
                "unknown  {of} have conditions that only a real request meets\n         wanted: policies that allow \
                 it\n         hint: try it\n"
            ),
        ),
    ] {
        scene.emulator.simulate("signer:SignPayload", decision);
        assert_found(&scene, &[], code, &format!("{wanted}{statement}"));
        assert_found(&scene, &["--verify-only"], 0, "");
    }
    scene
        .emulator
        .simulate("signer:SignPayload", Decision::Allowed);
    deny(&scene, "SimulatePrincipalPolicy");
    let said = denied(
        "iam",
        "SimulatePrincipalPolicy",
        "AccessDenied",
        "arn:aws:iam::111122223333:user/emulator",
    );
    let wanted = format!(
        "unknown  permission signer:SignPayload on PROFILE_ARN: only doing it would show: {said}\n         wanted: a policy \
         that allows it\n         hint: allow `iam:SimulatePrincipalPolicy` on `arn:aws:iam::111122223333:user/emulator` \
         to have it looked up, or try it\n{statement}"
    );
    assert_found(&scene, &[], 3, &wanted);
}

fn deny(scene: &Scene, operation: &str) {
    scene.emulator.faults().clear();
    let fault = Fault::new(FaultKind::AccessDenied).on(operation);
    scene.emulator.faults().add(fault);
}

/// AWS's denial, as an error says it.
fn denied(service: &str, action: &str, code: &str, resource: &str) -> String {
    format!(
        "AWS denied `{service}:{action}` on `{resource}` in region `us-east-1`: {code}: User: \
         arn:aws:iam::111122223333:user/emulator is not authorized to perform: {service}:{action} on resource: {resource} \
         because no identity-based policy allows the {service}:{action} action (request `ID`)"
    )
}

/// What to do about it.
fn allow(service: &str, action: &str, resource: &str) -> String {
    format!(
        "         hint: allow `arn:aws:iam::111122223333:user/emulator` the action `{service}:{action}` on `{resource}` in an \
         IAM policy, and look for a policy that denies it\n"
    )
}

#[test]
fn a_reading_call_that_is_denied_names_the_statement_it_needs() {
    let scene = scene();
    let job =
        "arn:aws:signer:us-east-1:111122223333:/signing-jobs/00000000-0000-0000-0000-000000000000";
    for (action, status, code, check, wanted, resource, of_statement) in [
        (
            "GetSigningProfile",
            "unknown",
            3,
            "signing-profile PROFILE_ARN",
            "an active signing profile for container images",
            "PROFILE_ARN",
            "PROFILE_ARN",
        ),
        (
            "ListProfilePermissions",
            "unknown",
            3,
            "profile-permissions PROFILE_ARN",
            "no permission for every account",
            "PROFILE_ARN",
            "PROFILE_ARN",
        ),
        (
            "GetRevocationStatus",
            "fail",
            1,
            "permission signer:GetRevocationStatus in us-east-1",
            "an answer of AWS Signer about revocation",
            job,
            "arn:aws:signer:us-east-1:111122223333:/signing-jobs/*",
        ),
    ] {
        deny(&scene, action);
        let said = denied("signer", action, "AccessDeniedException", resource);
        let allow = allow("signer", action, resource);
        let wanted = format!(
            "{status:<7}  {check}: {said}\n         wanted: {wanted}\n{allow}         statement: \
             {{\"Action\":[\"signer:{action}\"],\"Effect\":\"Allow\",\"Resource\":\"{of_statement}\"}}\n"
        );
        assert_found(&scene, &[], code, &wanted);
    }
}

#[test]
fn a_clock_that_is_wrong_is_said_with_how_much() {
    let scene = scene();
    for (seconds, code, status, said) in [(400, 1, "fail", "behind"), (-100, 0, "warn", "ahead of")]
    {
        scene.emulator.faults().clear();
        let fault = Fault::new(FaultKind::DateSkew { seconds }).on("GetCallerIdentity");
        scene.emulator.faults().add(fault);
        let ran = doctor(&scene, &[]);
        let found = not_passed(&scene, &ran);
        // The header has no fractions of seconds.
        let near = [-1, 0, 1].map(|more| {
            format!(
                "{status:<7}  clock: this machine's clock is {} seconds {said} AWS's\n         wanted: at most 60 seconds of \
                 difference; AWS refuses requests beyond 300\n         hint: set the clock, for example with `chronyc makestep` \
                 or `timedatectl set-ntp true`\n",
                seconds.abs() + more
            )
        });
        assert!(near.contains(&found), "{ran:#?}");
        assert_eq!(ran.code, code, "{ran:#?}");
    }
}

#[test]
fn a_region_that_is_not_the_profiles_is_said() {
    let scene = scene();
    let hint = "         hint: omit the region; the one in the ARN is used, with credentials of that partition\n";
    let partitions = |arn: &str| {
        format!(
            "`{arn}` is of partition `aws`, but region `us-gov-west-1`, which is set explicitly, is of `aws-us-gov`"
        )
    };
    let (profile, version) = (
        partitions("PROFILE_ARN"),
        partitions("PROFILE_ARN/0000000000"),
    );
    let wanted = format!(
        "fail     region: {profile}\n         wanted: the region of the signing profile, or none\n{hint}\
         fail     signing-profile PROFILE_ARN: the signing profile cannot be used: {profile}\n         wanted: an active \
         signing profile for container images\n{hint}\
         unknown  permission signer:GetRevocationStatus in us-east-1: could not ask for the revocation status: \
         {version}\n         wanted: an answer of AWS Signer about revocation\n{hint}"
    );
    assert_found(
        &scene,
        &["--plugin-config", "aws-region=us-gov-west-1"],
        1,
        &wanted,
    );
    let ran = doctor(&scene, &["--plugin-config", "aws-region=eu-west-1"]);
    let begin = "warn     region: asked in region `eu-west-1`, which is set explicitly, although the ARN says `us-east-1`\n         \
                 wanted: the region of the signing profile, or none\n         hint: omit `aws-region` of `--plugin-config`\n";
    assert!(not_passed(&scene, &ran).starts_with(begin), "{ran:#?}");
}

#[test]
fn a_policy_or_store_that_cannot_be_used_is_said_as_a_verification_says_it() {
    let scene = scene();
    let config = scene.sandbox.config();
    let both = [
        config.join("trustpolicy.oci.json"),
        config.join("trustpolicy.json"),
    ];
    let good = fs::read_to_string(&both[0]).unwrap();
    let write = |text: &str| both.iter().for_each(|path| fs::write(path, text).unwrap());
    let root = scene.emulator.root_certificate_pem();
    scene.sandbox.write_config(
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        &root,
    );
    let fingerprint = fingerprint(&scene);
    for (policy, code, wanted) in [
        (
            good.replace("strict", "permissive"),
            0,
            "warn     trust-policy localhost:PORT/app: statement `aws-signer` of \
             `HOME/.config/notation/trustpolicy.oci.json`, level `permissive`\n         wanted: level `strict`, which enforces \
             every validation\n         hint: set `level` of the statement to `strict`\n"
                .to_owned(),
        ),
        (
            good.replace("\"*\"", "\"other.example/app\""),
            1,
            "fail     trust-policy localhost:PORT/app: no statement of the trust policy \
             `HOME/.config/notation/trustpolicy.oci.json` has the scope `localhost:PORT/app`\n         wanted: a statement about \
             the repository\n         hint: add `localhost:PORT/app` to the `registryScopes` of a statement; a repository is not \
             covered by its parent's scope\n"
                .to_owned(),
        ),
        (
            good.replace("trust-anchor", "missing"),
            1,
            "fail     trust-store signingAuthority:missing: the trust store `signingAuthority:missing` does not exist\n         \
             wanted: a trust store with certificates\n         hint: add its certificates: `countersign cert add --type \
             signingAuthority --store missing FILE`\n"
                .to_owned(),
        ),
        (
            good.replace("trust-anchor", "aws-signer-ts"),
            1,
            format!(
                "fail     roots signingAuthority:aws-signer-ts: not AWS's root: \
                 `HOME/.config/notation/truststore/x509/signingAuthority/aws-signer-ts/root.crt` ({fingerprint})\n         wanted: \
                 certificates with the fingerprints of the roots that AWS has published\n         hint: take the file out of the \
                 store, and find out who put it there; write AWS's root with `countersign setup --signing-profile ARN`\n"
            ),
        ),
    ] {
        write(&policy);
        assert_found(&scene, &[], code, &wanted);
    }
    write("{");
    let profile = &scene.profile.arn.clone();
    let with_profile = ["--signing-profile", profile];
    assert_found(
        &scene,
        &with_profile,
        1,
        "fail     trust-policy: malformed trust policy `HOME/.config/notation/trustpolicy.oci.json`: not valid JSON at line 1, \
         column 1: EOF while parsing an object at line 1 column 1\n         wanted: a trust policy that can be used\n         \
         hint: comments and trailing commas are not part of JSON\n",
    );
    write(&good);
    fs::write(&both[1], good.replace("strict", "permissive")).unwrap();
    assert_found(
        &scene,
        &[],
        0,
        "warn     trust-policy: `HOME/.config/notation/trustpolicy.oci.json` counts, and \
         `HOME/.config/notation/trustpolicy.json`, which notation 1.x reads, says something else\n         wanted: one policy \
         for every reader\n         hint: copy one of them over the other, or remove one\n",
    );
    both.iter().for_each(|path| fs::remove_file(path).unwrap());
    assert_found(
        &scene,
        &[],
        0,
        "warn     trust-policy: no trust policy in `HOME/.config/notation`\n         wanted: a trust policy that can be \
         used\n         hint: write one with `countersign setup --signing-profile ARN`, or name the profile at each \
         verification with `--signing-profile`\n",
    );
    // With a profile on the command line there need not be one.
    assert_found(&scene, &with_profile, 0, "");
}

/// SHA-256 of the emulator's root.
fn fingerprint(scene: &Scene) -> String {
    let ran = scene.run(&["doctor"]);
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("not AWS's root"))
        .unwrap();
    line.rsplit('(')
        .next()
        .unwrap()
        .trim_end_matches(')')
        .to_owned()
}

#[test]
fn what_others_may_write_is_said_with_how_to_close_it() {
    let scene = scene();
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    set(&policy, 0o666);
    assert_found(
        &scene,
        &[],
        0,
        "warn     files: others may write the trust policy: `HOME/.config/notation/trustpolicy.oci.json` can be written by \
         every user\n         wanted: files that only this user and root can write\n         hint: take the permission away with \
         `chmod go-w`, or the ownership with `chown`\n",
    );
    set(&policy, 0o600);
    let cache = scene.sandbox.home().join(".cache/notation");
    fs::create_dir_all(&cache).unwrap();
    set(&cache, 0o777);
    assert_found(
        &scene,
        &[],
        0,
        "warn     caches HOME/.cache/notation: `HOME/.cache/notation` can be written by other users\n         wanted: a \
         directory that only this user can write\n         hint: take the permission away with `chmod go-w \
         HOME/.cache/notation`, or the ownership with `chown`\n",
    );
    set(&cache, 0o700);
    assert_found(&scene, &[], 0, "");
}

#[test]
fn a_plugin_is_missing_broken_open_or_another_build() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = scene();
    let folder = scene.sandbox.config().join("plugins").join(NAME);
    fs::create_dir_all(&folder).unwrap();
    let plugin = folder.join(format!("notation-{NAME}"));
    let path = "HOME/.config/notation/plugins/com.amazonaws.signer.notation.plugin/notation-com.amazonaws.signer.notation.plugin";
    let begin = format!("plugin {NAME}: ");
    assert_found(
        &scene,
        &[],
        0,
        &format!(
            "warn     {begin}it is not installed, and notation is here: `HOME/.config/notation/plugins`\n         wanted: the \
             plugin, without which notation cannot verify AWS Signer's signatures\n         hint: install it with `countersign \
             setup --signing-profile ARN`\n"
        ),
    );
    write_program(&plugin, "#!/bin/sh\nexit 1\n");
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}plugin `{NAME}` failed at `get-plugin-metadata` without an error of the contract's form (exit \
             status: 1)\n         wanted: a plugin that answers\n         hint: the plugin itself failed; run it by hand: `echo \
             '{{}}' | notation-{NAME} get-plugin-metadata`\n"
        ),
    );
    let trace = scene.sandbox.home().join("ran");
    write_program(&plugin, &format!("#!/bin/sh\ntouch {}\n", trace.display()));
    fs::set_permissions(&plugin, Permissions::from_mode(0o777)).unwrap();
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}others may write it, so it was not asked for its version: `{path}` can be written by every \
             user\n         wanted: a plugin that only this user can change\n         hint: take the permission away with `chmod \
             go-w`, or the ownership with `chown`, and install it again\n\
             warn     files: others may write the plugin `{NAME}`: `{path}` can be written by every user\n         wanted: \
             files that only this user and root can write\n         hint: take the permission away with `chmod go-w`, or the \
             ownership with `chown`\n"
        ),
    );
    assert!(!trace.exists(), "a plugin that others may write was run");
    fs::set_permissions(&plugin, Permissions::from_mode(0o600)).unwrap();
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}plugin `{NAME}`: `{path}` is not executable\n         wanted: an executable file\n         hint: \
             `{path}` must be an executable regular file, not a link\n"
        ),
    );
    fs::remove_file(&plugin).unwrap();
    let program = env!("CARGO_BIN_EXE_countersign");
    write_program(
        &plugin,
        &format!("#!/bin/bash\nexec -a notation-{NAME} {program} \"$@\"\n"),
    );
    let ran = doctor(&scene, &[]);
    let found = not_passed(&scene, &ran);
    let first = format!("warn     {begin}another build of this program, version `");
    assert!(found.starts_with(&first), "{found}");
    let end = "         wanted: a copy of this program\n         hint: replace it with `countersign setup --force --signing-profile ARN`\n";
    assert!(found.ends_with(end), "{found}");
    fs::remove_file(&plugin).unwrap();
    fs::copy(program, &plugin).unwrap();
    assert_found(&scene, &[], 0, "");
}

#[test]
fn a_registry_without_the_artifact_or_the_referrers_api_is_said() {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
    let scene = Scene::with(Emulator::builder().registry(options));
    set_up(&scene);
    assert_found(
        &scene,
        &[],
        0,
        "warn     referrers-api localhost:PORT: the registry has no referrers API; signatures are listed by the tag \
         schema\n         wanted: a registry with the referrers API\n         hint: keep tags that begin with `sha256-` from being \
         deleted or made immutable, or update the registry\n",
    );
    let missing = format!("{}:missing", scene.repository);
    let ran = scene.run(&["doctor", &missing]);
    let begin =
        "fail     registry localhost:PORT/app:missing: `localhost:PORT/app:missing` was not found";
    let found = not_passed(&scene, &ran);
    assert!(found.starts_with(begin), "{found}");
    assert_eq!(ran.code, 1, "{ran:#?}");
    deny(&scene, "registry:GetManifest");
    let ran = doctor(&scene, &[]);
    assert!(
        not_passed(&scene, &ran).starts_with("fail     registry localhost:PORT/app@DIGEST: "),
        "{ran:#?}"
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
}

/// Everything of AWS under its own names, through the emulator as the proxy.
fn behind_a_proxy() -> (Scene, String) {
    let scene = scene();
    let tls = scene.sandbox.home().join("tls.crt");
    fs::write(&tls, scene.emulator.tls_root_pem()).unwrap();
    let proxy = scene.emulator.endpoint();
    let image = format!(
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/app@{}",
        scene.digest()
    );
    let scene = scene
        .without_variables(&["AWS_ENDPOINT_URL"])
        .with_variable("HTTPS_PROXY", proxy)
        .with_variable("SSL_CERT_FILE", tls.to_str().unwrap());
    (scene, image)
}

#[test]
fn amazon_ecr_and_the_data_plane_under_both_names() {
    let (scene, image) = behind_a_proxy();
    let run = || scene.run(&["doctor", &image]);
    let ran = run();
    assert_eq!(
        (ran.code, not_passed(&scene, &ran).as_str()),
        (0, ""),
        "{ran:#?}"
    );
    let shown = scrubbed(&scene, &ran.stdout);
    for line in [
        "pass     proxy data-signer.us-east-1.amazonaws.com: through proxy `http://localhost:PORT` of `HTTPS_PROXY`\n",
        "pass     data-plane data-signer.us-east-1.amazonaws.com: it answers\n",
        "pass     data-plane verification.signer.us-east-1.amazonaws.com: it answers\n",
        "pass     registry-login 111122223333.dkr.ecr.us-east-1.amazonaws.com: the credential of the AWS identity of this \
         environment\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let refuse = |host: &str| {
        scene.emulator.faults().clear();
        let tunnel = format!("CONNECT {host}.us-east-1.amazonaws.com");
        scene
            .emulator
            .faults()
            .add(Fault::new(FaultKind::TunnelRefused).on(&tunnel));
    };
    refuse("verification.signer");
    let ran = run();
    let found = not_passed(&scene, &ran);
    let begin = "warn     data-plane verification.signer.us-east-1.amazonaws.com: the proxy refused a connection to ";
    assert!(
        found.starts_with(begin) && found.lines().count() == 3,
        "{found}"
    );
    assert!(
        found.contains("if notation runs with AWS's own plugin; Countersign does not ask it\n"),
        "{found}"
    );
    assert_eq!(ran.code, 0);
    refuse("data-signer");
    let ran = run();
    let found = not_passed(&scene, &ran);
    let begin = "fail     data-plane data-signer.us-east-1.amazonaws.com: the proxy refused a connection to ";
    assert!(found.starts_with(begin), "{found}");
    assert!(found.contains("or make a VPC endpoint for it\n"), "{found}");
    assert_eq!(ran.code, 1);

    deny(&scene, "GetAuthorizationToken");
    let ran = run();
    let found = not_passed(&scene, &ran);
    assert!(
        found.starts_with("fail     registry-login 111122223333.dkr.ecr.us-east-1.amazonaws.com: "),
        "{found}"
    );
    let statement = "         statement: {\"Action\":[\"ecr:GetAuthorizationToken\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}\n";
    assert!(found.contains(statement), "{found}");
    assert_eq!(ran.code, 1);

    scene.emulator.faults().clear();
    scene
        .emulator
        .simulate("ecr:PutImage", Decision::ImplicitDeny);
    let ran = run();
    assert_eq!(
        not_passed(&scene, &ran),
        "fail     permission to store signatures in arn:aws:ecr:us-east-1:111122223333:repository/app: the policies of \
         `arn:aws:iam::111122223333:user/emulator` do not allow `ecr:PutImage`\n         wanted: policies that allow it\n         \
         hint: add the statement to a policy of the caller; where the caller only verifies, give `--verify-only`\n         \
         statement: {\"Action\":[\"ecr:PutImage\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:ecr:us-east-1:111122223333:repository/app\"}\n"
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn a_callers_permission_on_anothers_profile_is_not_known() {
    let own = AccessKey::generate("111122223333", "emulator");
    let other = AccessKey::generate("444455556666", "other");
    let scene = Scene::with(
        Emulator::builder()
            .access_key(own)
            .access_key(other.clone()),
    );
    set_up(&scene);
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", other.access_key_id)
        .with_variable("AWS_SECRET_ACCESS_KEY", other.secret_access_key);
    let ran = doctor(&scene, &[]);
    let found = not_passed(&scene, &ran);
    let wanted = "unknown  permission signer:SignPayload on PROFILE_ARN: the policies of `arn:aws:iam::444455556666:user/other` \
                  allow it; whether account `111122223333`, which owns the profile, permits it is not known\n         wanted: a \
                  permission of the profile\n         hint: ask its owner to look with `aws signer list-profile-permissions \
                  --profile-name release`\n";
    assert!(found.contains(wanted), "{found}");
    assert_eq!(ran.code, 3, "{ran:#?}");
}

#[test]
fn what_aws_cannot_be_asked_with_is_said_and_nothing_secret_with_it() {
    let scene = scene();
    // A proxy that cannot be used keeps everything from being asked; what files say is known.
    let scene = scene.with_variable("HTTPS_PROXY", "ftp://user:HUSH@proxy.example/?token=HUSH");
    assert_found(
        &scene,
        &[],
        1,
        "fail     configuration: the proxy in `HTTPS_PROXY` cannot be used: its scheme is neither `http` nor `https`\n         \
         wanted: settings that can be used\n         hint: set `HTTPS_PROXY` to `http://HOST:PORT` or `https://HOST:PORT`, or \
         unset it\n",
    );
    let scene = scene.without_variables(&["HTTPS_PROXY"]);
    scene.sandbox.write_config("config.json", "{");
    let ran = doctor(&scene, &[]);
    let begin = "fail     configuration: malformed configuration file `HOME/.config/notation/config.json`: ";
    assert!(not_passed(&scene, &ran).starts_with(begin), "{ran:#?}");
    assert_eq!(ran.code, 1);
    fs::remove_file(scene.sandbox.config().join("config.json")).unwrap();

    let statuses = |scene: &Scene| -> Vec<(String, String)> {
        let ran = doctor(scene, &["--output", "json"]);
        let document = document::document(&ran, "doctor.v1.schema.json");
        let words = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!words.contains("HUSH"), "{words}");
        let findings = document["findings"].as_array().unwrap().iter();
        let of = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let all = findings.map(|finding| (of(finding, "check"), of(finding, "status")));
        all.filter(|(check, status)| status != "pass" && check != "roots")
            .collect()
    };
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(check, status)| ((*check).to_owned(), (*status).to_owned()))
            .collect()
    };
    let scene = scene.with_variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN");
    let refused = [
        ("credentials", "fail"),
        ("signing-profile", "fail"),
        ("permission", "fail"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&refused));
    let scene = scene.without_variables(&["AWS_ACCESS_KEY_ID"]);
    let without = [
        ("credentials", "fail"),
        ("clock", "unknown"),
        ("signing-profile", "fail"),
        ("permission", "fail"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&without));
    // Port 1: nothing listens there.
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        .with_variable(
            "AWS_ENDPOINT_URL",
            "http://user:HUSH@127.0.0.1:1/?token=HUSH",
        );
    let unreachable = [
        ("credentials", "unknown"),
        ("clock", "unknown"),
        ("signing-profile", "unknown"),
        ("data-plane", "fail"),
        ("permission", "unknown"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&unreachable));
}

#[test]
fn wrong_usage_is_said_before_anything_is_asked() {
    let scene = scene();
    scene.emulator.clear_calls();
    let ran = scene.run(&["doctor", "--output", "json", "not a reference"]);
    let document = document::document(&ran, "doctor.v1.schema.json");
    assert_eq!(
        (ran.code, &document["findings"]),
        (2, &json!([])),
        "{document:#}"
    );
    assert_eq!(document["error"]["code"], "not-begun");
    let ran = doctor(&scene, &["--signing-profile", "x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    let ran = doctor(&scene, &["--plugin-config", "region=eu-west-1"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(scene.operations(), [""; 0]);
}
