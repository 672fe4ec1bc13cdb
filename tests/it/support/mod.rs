//! What the tests share.

pub(crate) mod hostile;
pub(crate) mod pki;
