//! What the tests share.

pub(crate) mod archives;
pub(crate) mod asking;
pub(crate) mod document;
pub(crate) mod envelopes;
pub(crate) mod forward;
pub(crate) mod hostile;
pub(crate) mod http2;
pub(crate) mod kms;
pub(crate) mod local_keys;
pub(crate) mod lambda;
pub(crate) mod layout;
pub(crate) mod measure;
pub(crate) mod packages;
pub(crate) mod pki;
pub(crate) mod registry_client;
pub(crate) mod sandbox;
pub(crate) mod scene;
pub(crate) mod script_plugin;
pub(crate) mod shown;
pub(crate) mod sources;
pub(crate) mod stage;
pub(crate) mod terminal;
pub(crate) mod tripwire;
pub(crate) mod waiting;
pub(crate) mod yaml;
