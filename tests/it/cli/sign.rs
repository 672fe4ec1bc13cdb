//! `countersign sign`.
