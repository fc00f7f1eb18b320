//! Networks as settings name them: `10.0.0.0/8, 2001:db8::/32, 127.0.0.1`.

use std::net::IpAddr;

/// What says that there are none.
pub(super) const NONE: &str = "none";

/// The addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether an address is of it. Those of version 4 are told by their own form only.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

/// The networks of a list parted by commas; nothing where one of them is none.
#[must_use]
pub fn networks(list: &str) -> Option<Vec<Network>> {
    if list.trim() == NONE {
        return Some(Vec::new());
    }
    list.split(',').map(|part| network(part.trim())).collect()
}

fn network(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some(Network { address, bits })
}

/// Whether [`networks`] can read it.
pub(super) fn is_list(text: &str) -> bool {
    networks(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_alike() {
        let list = networks("10.0.0.0/8, 192.168.1.7,2001:db8::/32").expect("a list");
        let has = |text: &str| {
            let address = text.parse().expect("an address");
            list.iter().any(|network| network.has(address))
        };
        for inside in ["10.255.0.1", "192.168.1.7", "2001:db8:ffff::1"] {
            assert!(has(inside), "{inside}");
        }
        for outside in ["11.0.0.1", "192.168.1.8", "2001:db9::1", "::1"] {
            assert!(!has(outside), "{outside}");
        }
        let all = networks("0.0.0.0/0").expect("a list");
        assert!(all.iter().all(|all| all.has([1, 2, 3, 4].into())));
    }

    #[test]
    fn what_is_no_list_of_networks_is_told() {
        for good in ["none", "::/0", "1.2.3.4/32"] {
            assert!(is_list(good), "{good}");
        }
        for bad in [
            "",
            ",",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "a",
            "1.2.3.4/x",
            "1.2.3.4,",
        ] {
            assert!(!is_list(bad), "{bad}");
        }
    }
}
