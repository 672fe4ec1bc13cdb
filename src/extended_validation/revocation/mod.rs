//! Was the signing job, the profile version or a certificate of the chain revoked?
//!
//! AWS Signer's data plane is asked (`GetRevocationStatus`), in the region of the signing profile
//! unless another is set explicitly, about exactly what the signature rests on. AWS's plugin asks in
//! the caller's region; whether every region knows every job is not documented. In place of AWS, an
//! answer may count that was kept or stored before; each is bound to its whole question.

mod ask;
mod checker;
mod document;
mod document_error;
mod entity;
mod kept;
mod question;
mod read;
mod silence;
mod stored;

pub use checker::{Evidence, Inquiry, RevocationChecker, UnsignedAnswers, check_revocation};
pub use document::RevocationAnswer;
pub use document_error::DocumentError;
pub(super) use entity::in_words;
pub use entity::{RevokedEntity, revoked_in_aws_words};
pub use kept::AnswerCache;
pub(crate) use question::PLATFORM_ID;
pub use question::{Place, Question, Subject};
pub use stored::StoredAnswers;

/// What fuzz targets need from inside; not compiled otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    /// What was revoked, as an answer of AWS with this body says.
    pub fn revocation_answer(body: &[u8]) -> Option<Vec<String>> {
        let mut answer = HttpResponse::new(200.try_into().ok()?, SdkBody::from(body));
        let headers = answer.headers_mut();
        headers.insert("content-type", "application/json");
        headers.insert("x-amzn-requestid", "r-1");
        super::read::read(&answer).ok()
    }
}
