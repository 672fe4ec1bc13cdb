//! The emulator as its clients see it: over sockets, with signed requests.

mod support;

mod credentials;
mod faults;
mod permissions;
mod profiles;
mod program;
mod proxy;
mod revocation;
mod sdk;
mod signatures;
mod signing;
mod tags;
