//! Docker's configuration, which other programs write.
#![no_main]

use countersign::registry::fuzzing::read_docker_config;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read_docker_config(bytes));
