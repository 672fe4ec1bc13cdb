//! Messages of the plugin contract.
#![no_main]

use countersign::plugin_contract::{
    ErrorResponse, PluginMetadata, VerifySignatureRequest, VerifySignatureResponse, parse_request,
    parse_response,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = parse_response::<PluginMetadata>(bytes);
    let _ = parse_response::<ErrorResponse>(bytes);
    let _ = parse_response::<VerifySignatureResponse>(bytes);
    let _ = parse_request::<VerifySignatureRequest>(bytes);
});
