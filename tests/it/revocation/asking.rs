//! Which sources are asked, which at the same time, how often, and within which limits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::allowance::Allowed;
use countersign::{http, limits};
use tokio::time::Instant;

use super::*;
use crate::support::hostile::Seen;
use crate::support::pki::stamper;

fn checker(server: &Hostile) -> Checker {
    Checker::new(Arc::new(Network::new(server.pool())))
}

async fn check_over(server: &Hostile, pki: &Pki) -> CertificateRevocation {
    let result = check(&pki.chain(), None, &checker(server)).await;
    result.certificates.into_iter().next().unwrap()
}

fn fetch_error(result: CertificateRevocation) -> Arc<FetchError> {
    match unknown(result) {
        Error::Fetch { source } => source,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn certificates_of_a_chain_are_asked_about_at_the_same_time() {
    let intermediate_url = "http://crl.test/intermediate.crl";
    let root = Entity::root(authority("root"));
    let first = root.issue(with(authority("1"), vec![crl_at(&[intermediate_url])]));
    let second = first.issue(with(authority("2"), vec![crl_at(&[CRL_URL])]));
    let leaf = second.issue(with(signer("leaf"), vec![ocsp_at(&[OCSP_URL])]));
    let chain = [&leaf, &second, &first, &root].map(|entity| entity.certificate.clone());
    let ocsp = Ocsp::good().build(&leaf.certificate, &second, &second);
    let first_crl = Crl::new(&[]).build(&root);
    let second_crl = Crl::new(&[]).build(&first);
    // No answer comes before all three were asked for.
    let server = Hostile::start(move |seen: &Seen| {
        let body = match seen.path() {
            "/intermediate.crl" => first_crl.clone(),
            "/leaf.crl" => second_crl.clone(),
            _ => ocsp.clone(),
        };
        Reply::status(200).body(body).after_requests(3)
    });
    let checker = checker(&server);
    let result = check(&chain, None, &checker).await;
    assert!(
        matches!(result.verdict(), Verdict::NotRevoked),
        "{result:?}"
    );
    assert_eq!(result.certificates[3].status, Status::NotRevokable);
    assert_eq!(server.seen().len(), 3);
    // And no source is asked twice in one run.
    let again = check(&chain, None, &checker).await;
    assert!(matches!(again.verdict(), Verdict::NotRevoked));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn what_one_artifact_has_used_up_fails_no_other() {
    let pki = Pki::new(vec![crl_at(&[CRL_URL])]);
    let crl = pki.crl(&Crl::new(&[]));
    let bytes = u64::try_from(crl.len()).unwrap();
    let server = Hostile::start(move |_| Reply::status(200).body(crl.clone()));
    let checker = checker(&server);
    let of = |bytes| {
        Allowed {
            bytes,
            ..Allowed::default()
        }
        .begin()
    };
    let chain = pki.chain();
    // It may not fetch the last byte.
    let first = of(bytes - 1);
    let result = first.run(check(&chain, None, &checker)).await.unwrap();
    let error = fetch_error(result.certificates.into_iter().next().unwrap());
    let exhausted = |error: &FetchError| {
        matches!(error, FetchError::Http { source, .. }
            if matches!(**source, http::Error::Exhausted { .. }))
    };
    assert!(exhausted(&error), "{error:?}");
    // Others have the answer, and pay nothing for it.
    for allowed in [1, bytes] {
        let result = of(allowed).run(check(&chain, None, &checker)).await;
        let result = result.unwrap();
        assert!(
            matches!(result.verdict(), Verdict::NotRevoked),
            "{result:?}"
        );
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn both_protocols_are_in_flight_where_the_first_is_slow() {
    let pki = Pki::new(vec![ocsp_at(&[OCSP_URL]), crl_at(&[CRL_URL])]);
    let (ocsp, crl) = (pki.ocsp(&Ocsp::good()), pki.crl(&Crl::new(&[])));
    // The responder gives no answer before the CRL was asked for as well.
    let server = Hostile::start(move |seen: &Seen| {
        let body = if seen.path() == "/leaf.crl" {
            &crl
        } else {
            &ocsp
        };
        Reply::status(200).body(body.clone()).after_requests(2)
    });
    assert!(is_good(&check_over(&server, &pki).await));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_chain_takes_as_long_as_its_slowest_answer() {
    let urls = [
        "http://crl.test/1",
        "http://crl.test/2",
        "http://crl.test/3",
    ];
    let root = Entity::root(authority("root"));
    let first = root.issue(with(authority("1"), vec![crl_at(&urls[..1])]));
    let second = first.issue(with(authority("2"), vec![crl_at(&urls[1..2])]));
    let leaf = second.issue(with(signer("leaf"), vec![crl_at(&urls[2..])]));
    let chain = [&leaf, &second, &first, &root].map(|entity| entity.certificate.clone());
    let answers = [(urls[0], &root), (urls[1], &first), (urls[2], &second)]
        .map(|(url, issuer)| (url, Crl::new(&[]).build(issuer)));
    let took = |chain: Vec<Certificate>| {
        let stored = Stored {
            delay: Duration::from_secs(4),
            ..Stored::new(&answers)
        };
        async move {
            let start = Instant::now();
            let result = check(&chain, None, &Checker::new(Arc::new(stored))).await;
            assert!(matches!(result.verdict(), Verdict::NotRevoked));
            start.elapsed()
        }
    };
    // Three certificates in the time of one.
    let lone = root.issue(with(signer("lone"), vec![crl_at(&urls[..1])]));
    let short = [&lone, &root].map(|entity| entity.certificate.clone());
    assert_eq!(took(chain.to_vec()).await, took(short.to_vec()).await);
}

#[tokio::test]
async fn all_that_is_gathered_is_asked_for_at_the_same_time() {
    let root = Entity::root(authority("root"));
    let extensions = |url: &'static str| vec![ocsp_at(&["http://ocsp.test/"]), crl_at(&[url])];
    let middle = root.issue(with(
        authority("middle"),
        extensions("http://crl.test/middle"),
    ));
    let leaf = middle.issue(with(signer("leaf"), extensions("http://crl.test/leaf")));
    let chain = [&leaf, &middle, &root].map(|entity| entity.certificate.clone());
    let (middle_crl, leaf_crl) = (Crl::new(&[]).build(&root), Crl::new(&[]).build(&middle));
    // No answer comes before all four were asked for; the responder knows no certificate.
    let server = Hostile::start(move |seen: &Seen| {
        let reply = match seen.path() {
            "/middle" => Reply::status(200).body(middle_crl.clone()),
            "/leaf" => Reply::status(200).body(leaf_crl.clone()),
            _ => Reply::status(404),
        };
        reply.after_requests(4)
    });
    let purpose = Purpose::CodeSigning;
    let gathered = revocation::gather_chain(&chain, purpose, None, &checker(&server), NOW).await;
    let gathered = gathered.unwrap();
    assert_eq!(server.seen().len(), 4);
    assert_eq!(gathered.len(), 2, "nobody is asked about the root");
    for certificate in gathered {
        assert_eq!(certificate.ocsp.status, Status::Unknown);
        assert!(is_good(&certificate.crl) && certificate.is_known());
    }
}

#[tokio::test]
async fn an_ocsp_request_goes_by_get_or_with_a_query_by_post() {
    for (url, method) in [
        ("http://ocsp.test", "GET"),
        ("http://ocsp.test/", "GET"),
        ("http://ocsp.test/?a=b", "POST"),
    ] {
        let pki = Pki::new(vec![ocsp_at(&[url])]);
        let answer = pki.ocsp(&Ocsp::good());
        let server = Hostile::start(move |_| Reply::status(200).body(answer.clone()));
        assert!(is_good(&check_over(&server, &pki).await));
        let seen = &server.seen()[0];
        assert_eq!(
            (seen.method.as_str(), seen.host.as_str()),
            (method, "ocsp.test")
        );
        let request = if method == "GET" {
            let query = format!("request={}", &seen.path()[1..]);
            let decoded = url::form_urlencoded::parse(query.as_bytes()).next();
            STANDARD.decode(&*decoded.unwrap().1).unwrap()
        } else {
            assert_eq!(
                seen.header("content-type"),
                Some("application/ocsp-request")
            );
            seen.body.clone()
        };
        // The serial number ends the identifier, which ends the request.
        assert!(request.ends_with(&pki.serial()));
        assert_eq!(request.len(), 0x46 - 5 + pki.serial().len() + 2);
    }
}

#[tokio::test]
async fn redirects_are_followed_over_http_only_and_so_far() {
    let pki = Pki::with_crl();
    let crl = pki.crl(&Crl::new(&[]));
    let redirect = |count: usize, last: &'static str| {
        let crl = crl.clone();
        Hostile::start(move |seen: &Seen| {
            let hop = seen
                .path()
                .strip_prefix("/hop")
                .map_or(0, |n| n.parse().unwrap());
            match hop {
                _ if hop < count => Reply::redirect(&format!("http://other.test/hop{}", hop + 1)),
                _ if last.is_empty() => Reply::status(200).body(crl.clone()),
                _ => Reply::redirect(last),
            }
        })
    };
    let server = redirect(limits::MAX_REDIRECTS, "");
    assert!(is_good(&check_over(&server, &pki).await));
    let server = redirect(limits::MAX_REDIRECTS + 1, "");
    let error = fetch_error(check_over(&server, &pki).await);
    assert!(matches!(*error, FetchError::Redirects { .. }), "{error}");
    assert_eq!(server.seen().len(), limits::MAX_REDIRECTS + 1);
    for (location, wanted) in [
        ("https://other.test/", "https"),
        ("file:///etc/passwd", "file"),
    ] {
        let server = redirect(1, location);
        let error = fetch_error(check_over(&server, &pki).await);
        assert!(
            matches!(&*error, FetchError::Scheme { scheme, .. } if scheme == wanted),
            "{error}"
        );
        assert_eq!(server.seen().len(), 2);
    }
    // A request with a body is not sent elsewhere.
    let pki = Pki::new(vec![ocsp_at(&["http://ocsp.test/?a=b"])]);
    let server = redirect(1, "");
    let error = fetch_error(check_over(&server, &pki).await);
    assert!(
        matches!(*error, FetchError::Status { status: 307, .. }),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn no_redirect_leads_into_this_machine_or_its_link() {
    let pki = Pki::with_crl();
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest",
        "http://127.0.0.1:9/x",
        "http://localhost:9/x",
        "http://[::ffff:127.0.0.1]:9/x",
        "http://0.0.0.0:9/x",
    ] {
        let server = Hostile::start(move |_: &Seen| Reply::redirect(location));
        let error = fetch_error(check_over(&server, &pki).await);
        let FetchError::Http { source, .. } = &*error else {
            panic!("{location}: {error}");
        };
        assert!(matches!(**source, http::Error::Inside { .. }), "{source}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn only_an_answer_of_200_counts() {
    let pki = Pki::with_crl();
    for status in [201, 204, 404, 500] {
        let crl = pki.crl(&Crl::new(&[]));
        let server = Hostile::start(move |_| Reply::status(status).body(crl.clone()));
        let error = fetch_error(check_over(&server, &pki).await);
        assert!(
            matches!(*error, FetchError::Status { status: found, .. } if found == status),
            "{error}"
        );
    }
}

#[tokio::test]
async fn answers_are_read_to_the_limit() {
    let with_crl = Pki::with_crl();
    let with_ocsp = Pki::with_ocsp();
    for (pki, max) in [
        (&with_ocsp, limits::MAX_OCSP_RESPONSE_BYTES),
        (&with_crl, limits::MAX_CRL_BYTES),
    ] {
        let max = usize::try_from(max).unwrap();
        for (length, is_too_long) in [(max, false), (max + 1, true)] {
            let server = Hostile::start(move |_| Reply::status(200).body(vec![0x30; length]));
            let error = unknown(check_over(&server, pki).await);
            let is_fetch = matches!(error, Error::Fetch { .. });
            assert_eq!(is_fetch, is_too_long, "{error}");
            // The same where the answer does not come over the network.
            let url = if max > 1_000_000 { CRL_URL } else { OCSP_URL };
            let error = unknown(pki.check(&[(url, vec![0x30; length])]).await);
            assert_eq!(matches!(error, Error::Fetch { .. }), is_too_long, "{error}");
        }
        let server = Hostile::start(|_| Reply::status(200).endless(vec![0; 65_536]));
        let error = fetch_error(check_over(&server, pki).await);
        assert!(matches!(*error, FetchError::Http { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_takes_no_longer_than_its_limit() {
    let pki = Pki::new(vec![ocsp_at(&[OCSP_URL]), crl_at(&[CRL_URL])]);
    let stored = Stored {
        delay: Duration::from_hours(1),
        ..Stored::default()
    };
    let checker = Checker::new(Arc::new(stored)).with_timeout(Duration::from_secs(7));
    let start = Instant::now();
    let result = check(&pki.chain(), None, &checker).await;
    assert_eq!(start.elapsed().as_secs(), 7);
    let leaf = result.certificates.into_iter().next().unwrap();
    let error = unknown(leaf);
    assert!(matches!(error, Error::TimedOut { seconds: 7 }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn crls_are_asked_for_while_a_responder_is_slow() {
    let pki = Pki::new(vec![ocsp_at(&[OCSP_URL]), crl_at(&[CRL_URL])]);
    let run = |delay, answers: Vec<(&'static str, Vec<u8>)>| {
        let stored = Arc::new(Stored {
            delay,
            ..Stored::new(&answers)
        });
        let checker = Checker::new(Arc::clone(&stored) as Arc<dyn Fetch>);
        let chain = pki.chain();
        async move {
            let start = Instant::now();
            let result = check(&chain, None, &checker).await;
            (result, start.elapsed(), stored.asked())
        }
    };
    let good_crl = (CRL_URL, pki.crl(&Crl::new(&[])));
    let second = Duration::from_secs(1);
    // Both take a second, and the second one starts before the first one has failed.
    let (result, took, asked) = run(second, vec![good_crl.clone()]).await;
    assert!(matches!(result.verdict(), Verdict::NotRevoked));
    let wanted = limits::OCSP_HEAD_START + second;
    assert_eq!(took.as_millis(), wanted.as_millis());
    assert_eq!(asked, [OCSP_URL, CRL_URL], "each once");
    // A quick responder leaves nothing to ask.
    let good_ocsp = (OCSP_URL, pki.ocsp(&Ocsp::good()));
    let (result, _, asked) = run(Duration::ZERO, vec![good_crl.clone(), good_ocsp]).await;
    assert!(matches!(result.verdict(), Verdict::NotRevoked));
    assert_eq!(asked, [OCSP_URL]);
    // What the CRL says does not outweigh a slow responder.
    let revoked_ocsp = (OCSP_URL, pki.ocsp(&Ocsp::revoked("20240601000000Z", 1)));
    let (result, ..) = run(second, vec![good_crl, revoked_ocsp]).await;
    assert!(matches!(result.verdict(), Verdict::Revoked(_)));
}

#[tokio::test]
async fn a_chain_is_checked_first_and_a_root_never() {
    let pki = Pki::with_crl();
    let stored = Arc::new(Stored::default());
    let checker = Checker::new(Arc::clone(&stored) as Arc<dyn Fetch>);
    let leaf = [pki.leaf.certificate.clone()];
    for (chain, purpose) in [
        (&leaf[..], Purpose::CodeSigning),
        (&pki.chain(), Purpose::Timestamping),
    ] {
        let result = revocation::check_chain(chain, purpose, None, &checker, NOW).await;
        assert!(matches!(result, Err(Error::Chain { .. })), "{result:?}");
    }
    let alone = Entity::root(with(signer("alone"), vec![crl_at(&[CRL_URL])]));
    let result = check(&[alone.certificate], None, &checker).await;
    assert_eq!(result.certificates[0].status, Status::NotRevokable);
    assert!(matches!(result.verdict(), Verdict::NotRevoked));
    assert!(stored.asked().is_empty());
}

#[tokio::test]
async fn a_revoked_certificate_outweighs_an_unknown_one() {
    let root = Entity::root(authority("root"));
    let intermediate = root.issue(with(authority("ca"), vec![crl_at(&[CRL_URL])]));
    let leaf = intermediate.issue(with(signer("leaf"), vec![ocsp_at(&[OCSP_URL])]));
    let chain = [&leaf, &intermediate, &root].map(|entity| entity.certificate.clone());
    let serial_number = intermediate.certificate.serial_number().to_vec();
    let crl = Crl::new(&[(serial_number, "20240601000000Z", None)]).build(&root);
    let checker = Checker::new(Arc::new(Stored::new(&[(CRL_URL, crl)])));
    let result = check(&chain, None, &checker).await;
    assert_eq!(result.certificates[0].status, Status::Unknown);
    assert!(
        matches!(result.verdict(), Verdict::Revoked(certificate) if certificate.subject == "CN=ca")
    );
}

#[tokio::test]
async fn no_byte_of_an_answer_can_be_changed_or_left_out() {
    let with_crl = Pki::with_crl();
    let with_ocsp = Pki::with_ocsp();
    let delta_url = "http://crl.test/delta.crl";
    let delta = with_crl.crl(&Crl::new(&[]).number(6).delta(5));
    let base = with_crl.crl(&Crl::new(&[]).number(5).freshest(&[delta_url]));
    let ocsp = with_ocsp.ocsp(&Ocsp::good());
    for (pki, url, answer, more) in [
        (&with_ocsp, OCSP_URL, &ocsp, vec![]),
        (&with_crl, CRL_URL, &base, vec![(delta_url, delta.clone())]),
        (&with_crl, delta_url, &delta, vec![(CRL_URL, base.clone())]),
    ] {
        let check = async |changed: Vec<u8>| {
            let answers = [&[(url, changed)], more.as_slice()].concat();
            pki.check(&answers).await.status
        };
        assert!(matches!(check(answer.clone()).await, Status::Good(_)));
        for position in 0..answer.len() {
            let cut = check(answer[..position].to_vec()).await;
            assert_eq!(cut, Status::Unknown, "{url} cut at {position}");
            for bit in [0, 7] {
                let mut changed = answer.clone();
                changed[position] ^= 1 << bit;
                let status = check(changed).await;
                assert_eq!(status, Status::Unknown, "{url} changed at {position}");
            }
        }
    }
}

#[tokio::test]
async fn a_time_stamping_authoritys_chain_is_checked_alike() {
    let root = Entity::root(authority("TSA root"));
    let leaf = root.issue(with(stamper("TSA"), vec![crl_at(&[CRL_URL])]));
    let chain = [&leaf, &root].map(|entity| entity.certificate.clone());
    let serial_number = leaf.certificate.serial_number().to_vec();
    for (list, is_listed) in [
        (vec![], false),
        (vec![(serial_number, "20240601000000Z", Some(1))], true),
    ] {
        let crl = Crl::new(&list).build(&root);
        let checker = Checker::new(Arc::new(Stored::new(&[(CRL_URL, crl)])));
        let result =
            revocation::check_chain(&chain, Purpose::Timestamping, None, &checker, NOW).await;
        assert_eq!(is_revoked(&result.unwrap().certificates[0]), is_listed);
    }
}
