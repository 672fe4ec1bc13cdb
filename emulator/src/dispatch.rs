//! One request to one answer: which service, faults, signature, operation, record.

use bytes::Bytes;
use http::{Response, header};
use serde_json::Value;

use crate::{
    admin,
    call::{Call, Caller},
    calls::RecordedCall,
    clock::{SignatureClock, real_now},
    credential_endpoints::{self, Endpoint},
    ecr, ecs,
    error::AwsError,
    faults::{FaultKind, Tamper},
    hosts::RegistryId,
    iam, kms, lambda,
    protocol::Protocol,
    s3, secrets_manager,
    service::Service,
    shared::Shared,
    signer::{self, Operation},
    sigv4::{self, Expectations},
    ssm,
    sts::{self, Form},
};

/// RFC 9110, "HTTP-date".
const HTTP_DATE: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// What goes back to the client.
#[derive(Debug)]
pub(crate) enum Reply {
    Whole(Response<Bytes>),
    /// Half of the body, then the end of the connection.
    Truncated(Response<Bytes>),
    /// Nothing: the connection is reset.
    Reset,
}

/// Answers a request.
pub(crate) async fn handle(shared: &Shared, call: &Call) -> Reply {
    let service = Service::of(call);
    // Control routes are exempt from injected faults and are not recorded.
    if matches!(service, Service::Admin) {
        return Reply::Whole(admin::handle(shared, call));
    }
    let operation = service.operation(call);
    let taken = shared.faults.take(&operation);
    if !taken.latency.is_zero() {
        tokio::time::sleep(taken.latency).await;
    }
    let protocol = service.protocol();
    let reply = match taken.refusal {
        Some(FaultKind::ConnectionReset) => Reply::Reset,
        Some(FaultKind::Throttle) => Reply::Whole(protocol.error(&protocol.throttled())),
        Some(FaultKind::ServerError { status }) => {
            Reply::Whole(protocol.error(&protocol.server_error(status)))
        }
        refusal => {
            let is_denied = refusal == Some(FaultKind::AccessDenied);
            let response = answer(shared, call, &service, is_denied, taken.tamper);
            let response = with_date(response, taken.date_offset);
            if taken.truncated {
                Reply::Truncated(response)
            } else {
                Reply::Whole(response)
            }
        }
    };
    shared.calls.record(record(call, operation, &reply));
    reply
}

/// The same answer as of another time, where a fault says so; else the server gives it the real one.
fn with_date(mut response: Response<Bytes>, offset: Option<time::Duration>) -> Response<Bytes> {
    let date = offset.and_then(|offset| real_now().checked_add(offset));
    let text = date.and_then(|date| date.format(HTTP_DATE).ok());
    if let Some(value) = text.and_then(|text| http::HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}

fn record(call: &Call, operation: String, reply: &Reply) -> RecordedCall {
    let request = &call.request;
    RecordedCall {
        method: request.method().to_string(),
        host: call.host.clone(),
        path: request
            .uri()
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        operation,
        status: match reply {
            Reply::Whole(response) | Reply::Truncated(response) => Some(response.status().as_u16()),
            Reply::Reset => None,
        },
        access_key_id: sigv4::access_key_id(request).map(str::to_owned),
        user_agent: request
            .headers()
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    }
}

fn answer(
    shared: &Shared,
    call: &Call,
    service: &Service,
    is_denied: bool,
    tamper: Option<Tamper>,
) -> Response<Bytes> {
    let protocol = service.protocol();
    match service {
        Service::Registry if is_denied => {
            let error = AwsError::new(
                http::StatusCode::FORBIDDEN,
                "DENIED",
                "requested access to the resource is denied",
            );
            protocol.error(&error)
        }
        Service::Registry => {
            let default = RegistryId {
                account: shared.access_key.account.clone(),
                region: shared.region.clone(),
            };
            shared.registry.handle(default, call)
        }
        Service::Signer(operation) => {
            protocol.answer(signer_answer(shared, call, operation, is_denied, tamper))
        }
        Service::Ecr(action) => protocol.answer(ecr_answer(shared, call, action, is_denied)),
        Service::Ecs(action) => protocol.answer(ecs_answer(shared, call, action, is_denied)),
        Service::Kms(action) => {
            protocol.answer(kms_answer(shared, call, action, is_denied, tamper))
        }
        Service::Ssm(action) => protocol.answer(ssm_answer(shared, call, action, is_denied)),
        Service::SecretsManager(action) => {
            protocol.answer(secrets_answer(shared, call, action, is_denied))
        }
        Service::Lambda(operation) => {
            lambda::respond(lambda_answer(shared, call, operation, is_denied))
        }
        Service::Code => lambda::download(
            &shared.lambda,
            shared.location_key(),
            call.request.uri().path(),
            call.request.uri().query(),
            call.now,
        ),
        Service::S3(operation) => s3_answer(shared, call, operation, is_denied)
            .unwrap_or_else(|error| protocol.error(&error)),
        Service::Sts(form) => {
            sts_answer(shared, call, form, is_denied).unwrap_or_else(|error| protocol.error(&error))
        }
        Service::Iam(form) => {
            let result = caller(shared, call, "iam", protocol).and_then(|caller| {
                if is_denied {
                    let resource = form.text("PolicySourceArn").unwrap_or("*");
                    let mut error = denied(&caller, "iam", form.action(), resource);
                    "AccessDenied".clone_into(&mut error.code);
                    return Err(error);
                }
                iam::handle(&shared.decisions, &caller, form)
            });
            result.unwrap_or_else(|error| protocol.error(&error))
        }
        Service::Credentials(_) if is_denied => {
            let error = AwsError::new(http::StatusCode::FORBIDDEN, "Forbidden", "access denied");
            protocol.error(&error)
        }
        Service::Credentials(endpoint) => credentials(shared, call, *endpoint),
        Service::Admin | Service::Unknown => {
            let path = call.request.uri().path();
            let mut error =
                AwsError::unknown_operation(&format!("{} {path}", call.request.method()));
            error.status = http::StatusCode::NOT_FOUND;
            protocol.error(&error)
        }
    }
}

fn signer_answer(
    shared: &Shared,
    call: &Call,
    operation: &Operation,
    is_denied: bool,
    tamper: Option<Tamper>,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "signer", Protocol::RestJson)?;
    if is_denied {
        let resource = signer::resource(operation, &caller, &call.request);
        return Err(denied(&caller, "signer", operation.name(), &resource));
    }
    let context = signer::Context {
        store: &shared.signer,
        authority: &shared.authority,
        package_authority: &shared.package_authority,
        caller: &caller,
        request: &call.request,
        now: call.now,
        tamper,
        objects: shared.objects(),
        courses: &shared.managed_signing,
    };
    signer::handle(&context, operation)
}

fn ecr_answer(
    shared: &Shared,
    call: &Call,
    action: &str,
    is_denied: bool,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "ecr", Protocol::Json11)?;
    if is_denied {
        return Err(denied(&caller, "ecr", action, "*"));
    }
    ecr::handle(shared, &caller, call, action, &json_body(call)?)
}

fn ecs_answer(
    shared: &Shared,
    call: &Call,
    action: &str,
    is_denied: bool,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "ecs", Protocol::Json11)?;
    if is_denied {
        return Err(denied(&caller, "ecs", action, "*"));
    }
    let context = ecs::Context {
        store: &shared.ecs,
        caller: &caller,
        now: call.now,
        body: &json_body(call)?,
    };
    ecs::handle(&context, action)
}

fn kms_answer(
    shared: &Shared,
    call: &Call,
    action: &str,
    is_denied: bool,
    tamper: Option<Tamper>,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "kms", Protocol::Kms)?;
    let context = kms::Context {
        store: &shared.kms,
        caller: &caller,
        now: call.now,
        body: &json_body(call)?,
        tamper,
    };
    if is_denied {
        let resource = kms::resource(&context, action);
        return Err(denied(&caller, "kms", action, &resource));
    }
    kms::handle(&context, action)
}

fn ssm_answer(
    shared: &Shared,
    call: &Call,
    action: &str,
    is_denied: bool,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "ssm", Protocol::Json11)?;
    if is_denied {
        return Err(denied(&caller, "ssm", action, "*"));
    }
    let context = ssm::Context {
        store: &shared.ssm,
        caller: &caller,
        now: call.now,
        body: &json_body(call)?,
    };
    ssm::handle(&context, action)
}

fn secrets_answer(
    shared: &Shared,
    call: &Call,
    action: &str,
    is_denied: bool,
) -> Result<Value, AwsError> {
    let caller = caller(shared, call, "secretsmanager", Protocol::Json11)?;
    if is_denied {
        return Err(denied(&caller, "secretsmanager", action, "*"));
    }
    let context = secrets_manager::Context {
        store: &shared.secrets,
        caller: &caller,
        now: call.now,
        body: &json_body(call)?,
    };
    secrets_manager::handle(&context, action)
}

fn lambda_answer(
    shared: &Shared,
    call: &Call,
    operation: &lambda::Operation,
    is_denied: bool,
) -> Result<(http::StatusCode, Value), AwsError> {
    let caller = caller(shared, call, "lambda", Protocol::RestJson)?;
    if is_denied {
        return Err(denied(&caller, "lambda", operation.name(), "*"));
    }
    let body = json_body(call)?;
    let context = shared.lambda_context(&caller, &call.request, &body, &call.origin);
    lambda::handle(&context, operation)
}

fn s3_answer(
    shared: &Shared,
    call: &Call,
    operation: &s3::Operation,
    is_denied: bool,
) -> Result<Response<Bytes>, AwsError> {
    let caller = caller(shared, call, "s3", Protocol::S3)?;
    if is_denied {
        return Err(denied(
            &caller,
            "s3",
            operation.name(),
            &operation.resource(),
        ));
    }
    let context = s3::Context {
        store: &shared.s3,
        caller: &caller,
        now: call.now,
        request: &call.request,
    };
    s3::handle(&context, operation)
}

/// The body of a JSON 1.1 request; `{}` where it is empty.
fn json_body(call: &Call) -> Result<Value, AwsError> {
    let body = call.request.body();
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(body)
        .map_err(|error| AwsError::client("SerializationException", error.to_string()))
}

fn denied(caller: &Caller, service: &str, action: &str, resource: &str) -> AwsError {
    AwsError::access_denied(caller, service, action, resource, "identity-based")
}

/// Who signed the request.
fn caller(
    shared: &Shared,
    call: &Call,
    service: &str,
    protocol: Protocol,
) -> Result<Caller, AwsError> {
    let real_now = real_now();
    let expectations = Expectations {
        identities: &shared.identities,
        service,
        host: &call.host,
        regions: &shared.regions,
        now: match shared.signature_clock {
            SignatureClock::Real => Some(real_now),
            SignatureClock::Emulator => Some(call.now),
            SignatureClock::Unchecked => None,
        },
        real_now,
    };
    sigv4::check(&call.request, &expectations).map_err(|refusal| protocol.refusal(refusal))
}

fn sts_answer(
    shared: &Shared,
    call: &Call,
    form: &Form,
    is_denied: bool,
) -> Result<Response<Bytes>, AwsError> {
    let caller = if form.is_unsigned() {
        None
    } else {
        Some(caller(shared, call, "sts", Protocol::Query)?)
    };
    if is_denied {
        let anonymous = Caller {
            account: shared.access_key.account.clone(),
            arn: "anonymous".to_owned(),
            user_id: String::new(),
            region: shared.region.clone(),
        };
        let mut error = denied(
            caller.as_ref().unwrap_or(&anonymous),
            "sts",
            form.action(),
            "*",
        );
        "AccessDenied".clone_into(&mut error.code);
        return Err(error);
    }
    let context = sts::Context {
        identities: &shared.identities,
        web_identity_token: shared.credential_options.web_identity_token.as_deref(),
        now: real_now(),
    };
    sts::handle(&context, caller.as_ref(), form)
}

fn credentials(shared: &Shared, call: &Call, endpoint: Endpoint) -> Response<Bytes> {
    let options = &shared.credential_options;
    let context = credential_endpoints::Context {
        identities: &shared.identities,
        account: &shared.access_key.account,
        region: &shared.region,
        role: &options.role,
        container_token: options.container_token.as_deref(),
        sso_token: options.sso_token.as_deref(),
        imds_token: &options.imds_token,
        real_now: real_now(),
    };
    credential_endpoints::handle(&context, endpoint, call)
}
