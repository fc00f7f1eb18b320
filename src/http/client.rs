//! Whose request it is: the address of a client, past the proxies in between.
//!
//! Anyone can send `X-Forwarded-For`, so it is believed only from the proxies that are set as
//! `server.trusted_proxies`, and only one of the two headers is read: a proxy writes one of them and
//! passes the other on as the client made it up. The last address that is none of the proxies' is
//! the client's; those before it are hearsay.
//!
//! Invariant: no header changes what an untrusted peer is taken for (the tests below).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};

use crate::config::{self, Settings};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who stands between the clients and this service.
pub(super) struct Proxies {
    trusted: Vec<config::Network>,
    header: HeaderName,
    /// Whether it was said that one may have been forgotten.
    said: AtomicBool,
}

/// Who is counted as one: an address, or the half of one of version 6 that a subscriber is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Household(IpAddr);

impl Household {
    /// Of an address.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let mut parts = address.segments();
                for part in parts.iter_mut().skip(4) {
                    *part = 0;
                }
                Self(Ipv6Addr::from(parts).into())
            }
        }
    }

    /// Whether it is this very machine.
    pub(super) fn is_here(self) -> bool {
        match self.0 {
            IpAddr::V4(address) => address.is_loopback(),
            // The half of ::1 that is kept.
            IpAddr::V6(address) => address == Ipv6Addr::UNSPECIFIED,
        }
    }
}

impl fmt::Display for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

impl Proxies {
    /// Those that are set.
    pub(super) fn new(settings: &Settings) -> Self {
        let server = &settings.server;
        Self {
            trusted: config::networks(&server.trusted_proxies).unwrap_or_default(),
            header: if server.forwarded_header == "forwarded" {
                FORWARDED
            } else {
                X_FORWARDED_FOR
            },
            said: AtomicBool::new(false),
        }
    }

    /// Whether that is a proxy.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.has(address))
    }

    /// The client that `peer` asks for with these headers; nothing where that is a proxy which asks
    /// for itself.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.has(peer) {
            self.hint(peer, headers);
            return Some(peer);
        }
        let said: Vec<&str> = headers
            .get_all(&self.header)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        if said.is_empty() {
            return None;
        }
        let mut last = peer;
        for hop in said.into_iter().rev() {
            // What cannot be read hides whoever is behind it: they all count as the one before.
            let Some(address) = hop_address(hop, self.header == FORWARDED) else {
                break;
            };
            last = address;
            if !self.has(address) {
                break;
            }
        }
        Some(last)
    }

    /// Says once that a proxy may be missing from the settings: its clients all count as one.
    fn hint(&self, peer: IpAddr, headers: &HeaderMap) {
        let is_inside = match peer {
            IpAddr::V4(address) => address.is_private() || address.is_loopback(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
        };
        if is_inside
            && headers.contains_key(&self.header)
            && !self.said.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "{peer} 的请求带有 {} 头，但它不在 server.trusted_proxies 中，因此不予采信；如果它是反向代理，请把它列入",
                self.header
            );
        }
    }
}

/// The address in one part of the header.
fn hop_address(hop: &str, is_forwarded: bool) -> Option<IpAddr> {
    let hop = if is_forwarded {
        hop.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then_some(value)
        })?
    } else {
        hop
    };
    let hop = hop.trim().trim_matches('"');
    let address = if let Some(rest) = hop.strip_prefix('[') {
        // With or without a port behind it.
        rest.split_once(']')?.0.parse::<Ipv6Addr>().ok()?.into()
    } else if let Ok(address) = hop.parse::<IpAddr>() {
        address
    } else {
        let (address, port) = hop.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        address.parse::<Ipv4Addr>().ok()?.into()
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(trusted: &str, header: &str, peer: &str, said: &[(&str, &str)]) -> Option<String> {
        let mut settings = Settings::default();
        settings.server.trusted_proxies = trusted.to_owned();
        settings.server.forwarded_header = header.to_owned();
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            let name = HeaderName::try_from(*name).expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let peer = peer.parse().expect("an address");
        let client = Proxies::new(&settings).client(peer, &headers);
        client.map(|address| address.to_string())
    }

    #[test]
    fn what_strangers_say_of_themselves_is_not_believed() {
        let said = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2")];
        for trusted in ["none", "10.0.0.0/8", "127.0.0.1"] {
            let seen = client(trusted, "x-forwarded-for", "9.9.9.9", &said);
            assert_eq!(seen.as_deref(), Some("9.9.9.9"));
        }
    }

    #[test]
    fn behind_proxies_the_last_that_is_none_counts() {
        let trusted = "10.0.0.0/8, 2001:db8::/32";
        let cases: [(&str, Option<&str>); 9] = [
            ("1.1.1.1", Some("1.1.1.1")),
            ("6.6.6.6, 1.1.1.1", Some("1.1.1.1")),
            ("6.6.6.6, 1.1.1.1, 10.2.2.2", Some("1.1.1.1")),
            ("1.1.1.1:4711", Some("1.1.1.1")),
            ("::ffff:1.1.1.1", Some("1.1.1.1")),
            ("[2001:beef::1]:80", Some("2001:beef::1")),
            ("10.2.2.2", Some("10.2.2.2")),
            ("1.1.1.1, nonsense", Some("10.1.1.1")),
            ("", Some("10.1.1.1")),
        ];
        for (said, expected) in cases {
            let said = [("x-forwarded-for", said), ("forwarded", "for=2.2.2.2")];
            let seen = client(trusted, "x-forwarded-for", "10.1.1.1", &said);
            assert_eq!(seen.as_deref(), expected, "{said:?}");
        }
        assert_eq!(client(trusted, "x-forwarded-for", "10.1.1.1", &[]), None);
    }

    #[test]
    fn the_standard_header_is_read_where_that_is_set() {
        for (said, expected) in [
            ("for=1.1.1.1", "1.1.1.1"),
            (
                "for=6.6.6.6, proto=https; For=\"1.1.1.1:80\";by=3.3.3.3",
                "1.1.1.1",
            ),
            ("for=\"[2001:beef::1]:80\"", "2001:beef::1"),
            ("for=unknown", "10.1.1.1"),
        ] {
            let said = [("forwarded", said), ("x-forwarded-for", "5.5.5.5")];
            let seen = client("10.1.1.1", "forwarded", "10.1.1.1", &said);
            assert_eq!(seen.as_deref(), Some(expected), "{said:?}");
        }
    }

    #[test]
    fn a_household_is_an_address_or_half_of_one() {
        let of = |text: &str| Household::of(text.parse().expect("an address")).to_string();
        assert_eq!(of("1.2.3.4"), "1.2.3.4");
        assert_eq!(of("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        let here = |text: &str| Household::of(text.parse().expect("an address")).is_here();
        assert!(here("127.0.0.1") && here("127.9.9.9") && here("::1"));
        assert!(!here("10.0.0.1") && !here("2001:db8::1"));
    }
}
