//! The one spelling that a host and a port have in the name of a registry.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a text is not the name of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryNameError {
    /// `%`.
    #[error("the registry's name has a percent sign")]
    Percent,
    /// A character outside ASCII.
    #[error("the registry's name has characters outside ASCII")]
    NotAscii,
    /// A dot at the end of the host.
    #[error("the registry's host name ends with a dot")]
    TrailingDot,
    /// No labels with dots between them.
    #[error("the registry's name is not of the form `HOST` or `HOST:PORT`")]
    Form,
    /// No number, or one with leading zeros, or out of range.
    #[error("the registry's port is not a number from 1 to 65535 without leading zeros")]
    Port,
    /// What URLs take for an IPv4 address.
    #[error("the registry's host is an IPv4 address that is not written as four decimal numbers")]
    Ipv4,
    /// An IPv6 address in another form than the canonical one, or one that stands for an IPv4 address.
    #[error("the registry's IPv6 address is not in its canonical form")]
    Ipv6 {
        /// What to write, where it is an address at all.
        canonical: Option<String>,
    },
    /// The URL parser's own reasons.
    #[error("the registry's name cannot be in a URL as it is written")]
    Changed,
}

impl RegistryNameError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Percent => "write the registry's name itself, without percent signs".to_owned(),
            Self::NotAscii => {
                "write the registry's name in ASCII; an internationalized name begins with `xn--` \
                 there"
                    .to_owned()
            }
            Self::TrailingDot => "leave out the dot at the end of the host name".to_owned(),
            Self::Port => {
                "write the port as a number from 1 to 65535 without leading zeros, or leave it out \
                 with its colon"
                    .to_owned()
            }
            Self::Ipv4 => {
                "write an IPv4 address as four decimal numbers, such as `192.0.2.10`".to_owned()
            }
            Self::Ipv6 {
                canonical: Some(address),
            } => format!("write the address as `{address}`"),
            Self::Ipv6 { canonical: None } => {
                "write an IPv6 address in brackets, such as `[2001:db8::1]:5000`".to_owned()
            }
            Self::Form | Self::Changed => {
                "write the registry as `HOST` or `HOST:PORT`; the host is of letters, digits, inner \
                 hyphens and dots"
                    .to_owned()
            }
        }
    }
}

/// A port without leading zeros.
pub(super) fn parse_port(text: &str) -> Result<u16, RegistryNameError> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_plain => Ok(port),
        _ => Err(RegistryNameError::Port),
    }
}

/// Labels of letters, digits and inner hyphens, with dots between them.
pub(super) fn check_host(host: &str) -> Result<(), RegistryNameError> {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 {
        return Err(RegistryNameError::Form);
    }
    if let Some(before) = host.strip_suffix('.')
        && before.split('.').all(is_label)
    {
        return Err(RegistryNameError::TrailingDot);
    }
    if !host.split('.').all(is_label) {
        return Err(RegistryNameError::Form);
    }
    // What ends with a number is an address to URLs: `127.1`, `0x7f.1`, `2130706433`.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err(RegistryNameError::Ipv4);
    }
    Ok(())
}

/// RFC 5952, and no IPv4 address in the clothes of an IPv6 one.
pub(super) fn check_ipv6(text: &str) -> Result<(), RegistryNameError> {
    let Ok(address) = text.parse::<Ipv6Addr>() else {
        return Err(RegistryNameError::Ipv6 { canonical: None });
    };
    if let Some(address) = address.to_ipv4_mapped() {
        return Err(RegistryNameError::Ipv6 {
            canonical: Some(address.to_string()),
        });
    }
    let canonical = address.to_string();
    if canonical == text {
        Ok(())
    } else {
        Err(RegistryNameError::Ipv6 {
            canonical: Some(format!("[{canonical}]")),
        })
    }
}
