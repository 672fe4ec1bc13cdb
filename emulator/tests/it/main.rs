//! The emulator as its clients see it: over sockets, with signed requests.

mod registry;
