//! `verify-signature`.

use countersign_emulator::{Fault, FaultKind};

use super::*;

fn result<'a>(answer: &'a Value, capability: &str) -> (bool, &'a str) {
    let result = &answer["verificationResults"][capability];
    (
        result["success"].as_bool().unwrap(),
        result["reason"].as_str().unwrap(),
    )
}

/// `request` with what `path` points at replaced.
fn with(request: &Value, path: &str, value: Value) -> Value {
    let mut request = request.clone();
    *request.pointer_mut(path).unwrap() = value;
    request
}

const ATTRIBUTES: &str = "/signature/criticalAttributes/extendedAttributes";
const IDENTITIES: &str = "/trustPolicy/trustedIdentities";
const CAPABILITIES: &str = "/trustPolicy/signatureVerification";

#[test]
fn a_good_signature_is_accepted_by_one_call() {
    let fixture = Fixture::new();
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    let profile = profile_of(&version);
    let request = fixture.signed(&profile);
    for identity in [&profile, &version] {
        let answer = fixture.verify(&with(
            &request,
            IDENTITIES,
            json!(["x509.subject: C=US", identity]),
        ));
        assert_eq!(
            answer,
            json!({
                "verificationResults": {
                    TRUSTED_IDENTITY: {
                        "success": true,
                        "reason": format!("Signature publisher matched {identity:?} trusted identity."),
                    },
                    REVOCATION_CHECK: { "success": true, "reason": "Signature is not revoked." },
                },
                "processedAttributes": [PROFILE_VERSION, JOB],
            })
        );
        assert_eq!(fixture.operations(), ["GetRevocationStatus"]);
    }
}

#[test]
fn exactly_the_requests_job_profile_and_chain_are_asked_about() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    fixture.verify(&request);
    let call = fixture.emulator.calls().remove(0);
    let url = url::Url::parse(&format!("http://x{}", call.path)).unwrap();
    assert_eq!(url.path(), "/revocations");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let one = |name: &str| {
        let mut values = query.iter().filter(|(found, _)| found == name);
        let (_, value) = values.next().unwrap();
        assert_eq!(values.next(), None);
        value.clone()
    };
    let attributes = &request["signature"]["criticalAttributes"];
    assert_eq!(
        one("profileVersionArn"),
        attributes["extendedAttributes"][PROFILE_VERSION]
    );
    assert_eq!(one("jobArn"), attributes["extendedAttributes"][JOB]);
    assert_eq!(one("platformId"), PLATFORM);
    assert_eq!(
        one("signatureTimestamp"),
        attributes["authenticSigningTime"]
    );
    // The API's formula, from the DER on.
    let tbs_hash = |certificate: &Value| {
        let der = STANDARD.decode(certificate.as_str().unwrap()).unwrap();
        let certificate = countersign::x509::Certificate::parse(&der).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, certificate.tbs_der());
        countersign::oci::hex(hash.as_ref())
    };
    let hashes: Vec<String> = request["signature"]["certificateChain"]
        .as_array()
        .unwrap()
        .iter()
        .map(tbs_hash)
        .collect();
    let [leaf, regional, intermediate, root] = hashes.as_slice() else {
        panic!("{hashes:?}")
    };
    let asked: Vec<&str> = query
        .iter()
        .filter(|(name, _)| name == "certificateHashes")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(
        asked,
        [
            format!("{leaf}{regional}"),
            format!("{regional}{intermediate}"),
            format!("{intermediate}{root}"),
            format!("{root}{root}"),
        ]
    );
    assert_eq!(query.len(), 4 + 4);
}

#[test]
fn only_what_is_asked_for_is_done() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    // Who signed needs no AWS, and so no credentials.
    let identity_only = with(&request, CAPABILITIES, json!([TRUSTED_IDENTITY]));
    let answer = run(
        &["verify-signature"],
        identity_only.to_string().as_bytes(),
        &[],
    )
    .answer("verify-signature.response");
    assert_eq!(answer["verificationResults"].as_object().unwrap().len(), 1);
    assert!(result(&answer, TRUSTED_IDENTITY).0);
    assert_eq!(answer["processedAttributes"], json!([PROFILE_VERSION, JOB]));
    assert_eq!(fixture.operations(), Vec::<String>::new());

    // A signer that is not trusted does not change the answer about revocation.
    let revocation_only = with(&request, CAPABILITIES, json!([REVOCATION_CHECK]));
    let answer = fixture.verify(&with(&revocation_only, IDENTITIES, json!(null)));
    assert_eq!(answer["verificationResults"].as_object().unwrap().len(), 1);
    assert!(result(&answer, REVOCATION_CHECK).0);
}

#[test]
fn a_signer_that_is_not_trusted_is_named_with_the_near_misses() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let request = fixture.signed(&profile);
    let version = request[&ATTRIBUTES[1..10]]["criticalAttributes"]["extendedAttributes"]
        [PROFILE_VERSION]
        .as_str()
        .unwrap()
        .to_owned();
    let reason_of = |identities: Value| {
        let answer = fixture.verify(&with(&request, IDENTITIES, identities));
        assert_eq!(answer["processedAttributes"], json!([PROFILE_VERSION, JOB]));
        let (success, reason) = result(&answer, TRUSTED_IDENTITY);
        assert!(!success, "{reason}");
        assert!(
            reason.starts_with(&format!(
                "Signature publisher doesn't match any trusted identities. signed with `{version}`, which is \
                 not a trusted identity"
            )),
            "{reason}"
        );
        reason.to_owned()
    };
    reason_of(json!([]));
    reason_of(json!(null));
    reason_of(json!([
        profile.replace("Images", "Image"),
        "x509.subject: C=US, ST=WA, O=AWS"
    ]));
    for (identity, hint) in [
        (
            profile.replace("Images", "images"),
            "differs only in letter case, which counts",
        ),
        (
            profile.replace("signing-profiles", "signing-profile"),
            "did you mean `arn:",
        ),
        (
            format!("{profile}/AAAAAAAAAA"),
            "is another version of this profile, `AAAAAAAAAA`",
        ),
        (
            profile.replace("us-east-1", "us-east-2"),
            "is of another region",
        ),
        (
            profile.replace("111122223333", "999988887777"),
            "is of another account",
        ),
        (profile.replace("Images", "*"), "has a wildcard"),
    ] {
        let reason = reason_of(json!([identity]));
        assert!(
            reason.contains(&format!("trusted identity `{identity}` {hint}"))
                || reason.contains(hint),
            "{reason}"
        );
    }
}

#[test]
fn a_wildcard_is_refused_whatever_else_is_trusted() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let request = fixture.signed(&profile);
    for capabilities in [json!([TRUSTED_IDENTITY]), json!([REVOCATION_CHECK])] {
        let request = with(&request, CAPABILITIES, capabilities);
        fixture
            .run("verify-signature", &with(&request, IDENTITIES, json!([profile, "*"])))
            .assert_error(
                "VALIDATION_ERROR",
                "trusted identity `*` trusts every customer of AWS Signer (name the signing profiles",
            );
    }
    assert_eq!(fixture.operations(), Vec::<String>::new());
}

#[test]
fn an_alias_is_compared_and_processed() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    let alias = "arn:aws:signer:us-east-1:111122223333:/aliases/release";
    let mut request = with(&request, CAPABILITIES, json!([TRUSTED_IDENTITY]));
    request["signature"]["criticalAttributes"]["extendedAttributes"][ALIAS] = json!(alias);
    let answer = fixture.verify(&with(&request, IDENTITIES, json!([alias])));
    assert!(result(&answer, TRUSTED_IDENTITY).0);
    assert_eq!(
        answer["processedAttributes"],
        json!([PROFILE_VERSION, JOB, ALIAS])
    );
    let answer = fixture.verify(&with(
        &request,
        IDENTITIES,
        json!([alias.replace("release", "x")]),
    ));
    assert!(!result(&answer, TRUSTED_IDENTITY).0);

    let aliased = "arn:aws:signer:us-east-1:111122223333:/aliased-signing-profiles/97af3947-e7b2";
    request["signature"]["criticalAttributes"]["extendedAttributes"][PROFILE_VERSION] =
        json!(aliased);
    for identity in [alias, aliased] {
        let answer = fixture.verify(&with(&request, IDENTITIES, json!([identity])));
        assert!(result(&answer, TRUSTED_IDENTITY).0);
    }
}

#[test]
fn a_signature_that_is_not_aws_signers_is_an_error() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    let attributes = "/signature/criticalAttributes";
    for (path, value, message) in [
        (
            format!("{attributes}/signingScheme"),
            json!("notary.x509"),
            "signing scheme `notary.x509` is not AWS Signer's, wanted `notary.x509.signingAuthority`",
        ),
        (
            format!("{attributes}/authenticSigningTime"),
            json!("0001-01-01T00:00:00Z"),
            "the signature has no authentic signing time",
        ),
        (
            format!("{attributes}/authenticSigningTime"),
            json!(null),
            "the signature has no authentic signing time",
        ),
        (
            format!("{ATTRIBUTES}/{PROFILE_VERSION}"),
            json!("x"),
            "the signature's attribute `com.amazonaws.signer.signingProfileVersion` cannot be read: `x` is not an ARN",
        ),
        (
            format!("{ATTRIBUTES}/{JOB}"),
            json!(7),
            "the signature's attribute `com.amazonaws.signer.signingJob` is not a string",
        ),
        (
            ATTRIBUTES.to_owned(),
            json!({}),
            "the signature lacks the attribute `com.amazonaws.signer.signingProfileVersion`",
        ),
        (
            CAPABILITIES.to_owned(),
            json!([TRUSTED_IDENTITY, "SIGNATURE_GENERATOR.RAW"]),
            "`SIGNATURE_GENERATOR.RAW` is not a verification capability of this plugin",
        ),
        (
            CAPABILITIES.to_owned(),
            json!([]),
            "the request names no capability",
        ),
        (
            "/signature/certificateChain/1".to_owned(),
            json!("TUlJ"),
            "certificate 1 of `signature.certificateChain` cannot be read",
        ),
    ] {
        fixture
            .run("verify-signature", &with(&request, &path, value))
            .assert_error("VALIDATION_ERROR", message);
    }
    assert_eq!(fixture.operations(), Vec::<String>::new());
}

#[test]
fn an_empty_chain_and_one_that_is_too_long_are_not_asked_about() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    let chain = "/signature/certificateChain";
    let root = request.pointer(&format!("{chain}/3")).unwrap().clone();
    for (length, accepted) in [(0, false), (16, true), (17, false)] {
        let answer = fixture.verify(&with(&request, chain, json!(vec![root.clone(); length])));
        let (success, reason) = result(&answer, REVOCATION_CHECK);
        assert_eq!(success, accepted, "{reason}");
        if !accepted {
            assert_eq!(
                reason,
                format!("the signature has {length} certificates, wanted 1 to 16")
            );
        }
        assert_eq!(fixture.operations().len(), usize::from(accepted));
    }
}

#[test]
fn a_revoked_job_is_refused_and_others_are_not() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let (revoked, other) = (fixture.signed(&profile), fixture.signed(&profile));
    let job = revoked
        .pointer(&format!("{ATTRIBUTES}/{JOB}"))
        .unwrap()
        .as_str()
        .unwrap();
    let revoke = fixture
        .client("us-east-1")
        .revoke_signature()
        .job_id(job.rsplit_once('/').unwrap().1)
        .reason("test")
        .send();
    block_on(revoke).unwrap();
    let answer = fixture.verify(&revoked);
    assert_eq!(
        result(&answer, REVOCATION_CHECK),
        (
            false,
            format!("Resource(s) {job} have been revoked.").as_str()
        )
    );
    assert!(result(&answer, TRUSTED_IDENTITY).0);
    assert_eq!(answer["processedAttributes"], json!([PROFILE_VERSION, JOB]));
    assert!(result(&fixture.verify(&other), REVOCATION_CHECK).0);
}

#[test]
fn a_revoked_profile_is_refused_for_what_it_signed_since() {
    let fixture = Fixture::new();
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    fixture.emulator.set_clock_offset(time::Duration::hours(-2));
    let before = fixture.signed(&profile_of(&version));
    fixture.emulator.set_clock_offset(time::Duration::ZERO);
    let since = fixture.signed(&profile_of(&version));
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let revoke = fixture
        .client("us-east-1")
        .revoke_signing_profile()
        .profile_name("Images")
        .profile_version(version.rsplit_once('/').unwrap().1)
        .reason("test")
        .effective_time(an_hour_ago.into())
        .send();
    block_on(revoke).unwrap();
    assert!(result(&fixture.verify(&before), REVOCATION_CHECK).0);
    let answer = fixture.verify(&since);
    assert_eq!(
        result(&answer, REVOCATION_CHECK),
        (
            false,
            format!("Resource(s) {version} have been revoked.").as_str()
        )
    );
}

#[test]
fn a_revoked_certificate_is_named() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    fixture.verify(&request);
    let call = fixture.emulator.calls().remove(0);
    let url = url::Url::parse(&format!("http://x{}", call.path)).unwrap();
    let hash = url
        .query_pairs()
        .find(|(name, _)| name == "certificateHashes")
        .unwrap()
        .1;
    fixture.emulator.revoke_certificate(&hash).unwrap();
    let answer = fixture.verify(&request);
    let (success, reason) = result(&answer, REVOCATION_CHECK);
    assert!(!success);
    assert!(
        reason.starts_with("Certificate(s) have been revoked. (`CN=AWS Signer,"),
        "{reason}"
    );
}

#[test]
fn an_unanswered_question_is_never_not_revoked() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    for (fault, message, calls) in [
        (
            FaultKind::Throttle,
            "AWS throttled `signer:GetRevocationStatus` on `arn:",
            6,
        ),
        (
            FaultKind::AccessDenied,
            "AWS denied `signer:GetRevocationStatus` on `arn:",
            1,
        ),
        (
            FaultKind::ServerError { status: 500 },
            "AWS failed during `signer:GetRevocationStatus`",
            3,
        ),
        (
            FaultKind::ServerError { status: 503 },
            "AWS failed during",
            3,
        ),
        // Each attempt asks again once where the connection was lost.
        (
            FaultKind::ConnectionReset,
            "AWS could not be reached for",
            6,
        ),
        (FaultKind::TruncatedBody, "AWS could not be reached for", 3),
    ] {
        fixture.emulator.faults().add(Fault::new(fault));
        let answer = fixture.verify(&request);
        let (success, reason) = result(&answer, REVOCATION_CHECK);
        assert!(!success, "{fault:?}");
        assert!(
            reason.starts_with("GetRevocationStatus call failed with error: "),
            "{reason}"
        );
        assert!(reason.contains(message), "{fault:?}: {reason}");
        let attempts = match fault {
            FaultKind::Throttle => 6,
            _ => 3,
        };
        let given_up = format!(", after {attempts} attempts");
        assert_eq!(reason.contains(&given_up), calls > 1, "{reason}");
        assert!(result(&answer, TRUSTED_IDENTITY).0);
        assert_eq!(fixture.operations().len(), calls, "{fault:?}");
        fixture.emulator.faults().clear();
    }
    let no_keys = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    for (changes, message) in [
        (
            &no_keys[..],
            "no AWS credentials for `signer:GetRevocationStatus`",
        ),
        (
            &[("AWS_SECRET_ACCESS_KEY", "wrong-secret-access-key")],
            "AWS does not accept the credentials",
        ),
        (
            &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")],
            "cannot connect to `127.0.0.1:9`",
        ),
    ] {
        let answer = fixture
            .run_with("verify-signature", &request, changes)
            .answer("verify-signature.response");
        let (success, reason) = result(&answer, REVOCATION_CHECK);
        assert!(!success);
        assert!(reason.contains(message), "{reason}");
    }
}

#[test]
fn the_signatures_region_is_asked_unless_another_is_set() {
    let fixture = Fixture::with(Emulator::builder().only_regions(&["eu-west-1", "eu-west-2"]));
    let profile = profile_of(&fixture.profile_version("eu-west-1", "Images", PLATFORM));
    let mut request = fixture.signed(&profile);
    // The environment says `us-east-1`, which is refused here.
    assert!(result(&fixture.verify(&request), REVOCATION_CHECK).0);

    request["pluginConfig"] = json!({ "aws-region": "eu-west-2" });
    let (answer, warning) = fixture
        .run("verify-signature", &request)
        .answer_with_warning("verify-signature.response");
    assert!(result(&answer, REVOCATION_CHECK).0);
    assert_eq!(
        warning,
        "warning: asked in region `eu-west-2`, which is set explicitly, although the ARN says `eu-west-1`\n"
    );
}

#[test]
fn a_signature_of_another_partition_is_named_as_such() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let mut request = fixture.signed(&profile);
    request["pluginConfig"] = json!({ "aws-region": "us-gov-west-1" });
    let answer = fixture.verify(&request);
    let (success, reason) = result(&answer, REVOCATION_CHECK);
    assert!(!success);
    assert!(
        reason.contains(
            "is of partition `aws`, but region `us-gov-west-1`, which is set explicitly, is of `aws-us-gov`"
        ),
        "{reason}"
    );
    assert_eq!(fixture.operations(), Vec::<String>::new());
    // A trusted profile of the other partition is a near miss.
    let identity = "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/Images";
    let answer = fixture.verify(&with(&request, IDENTITIES, json!([identity])));
    let (_, reason) = result(&answer, TRUSTED_IDENTITY);
    assert!(
        reason.contains(&format!(
            "trusted identity `{identity}` is of another partition"
        )),
        "{reason}"
    );
}
