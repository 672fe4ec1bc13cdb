//! What is printed: nothing of it draws, and JSON keeps its value.
#![no_main]

use countersign::printable;

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert!(!printable::one_line(text).contains(printable::draws));
    let value = serde_json::Value::from(text);
    let json = value.to_string();
    let printed = printable::json(&json);
    assert!(!printed.contains(printable::draws));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).expect("JSON"), value);
});
