//! Settings of the kernel's network, before a packet may pass, and of the program itself.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs;
use std::io;

/// Without these it is no firewall, or no router.
const NEEDED: &[(&str, &str)] = &[
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv6/conf/all/forwarding", "1"),
    // Counted per connection, for the rows.
    ("net/netfilter/nf_conntrack_acct", "1"),
    // A connection that was not seen from its beginning is none.
    ("net/netfilter/nf_conntrack_tcp_loose", "0"),
];

/// Better so, and not changeable everywhere.
const OPTIONAL: &[(&str, &str)] = &[
    // Each refusal is sent: a program that waits for it would hang.
    ("net/ipv4/icmp_ratelimit", "0"),
    ("net/ipv4/icmp_msgs_per_sec", "10000"),
    ("net/ipv6/icmp/ratelimit", "0"),
    ("net/ipv4/conf/all/arp_ignore", "1"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/accept_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv6/conf/all/accept_ra", "0"),
    ("net/ipv6/conf/all/accept_redirects", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv6/conf/default/accept_redirects", "0"),
    ("net/netfilter/nf_conntrack_max", "32768"),
];

pub fn set_up() -> io::Result<()> {
    // A connection whose first flight is read has three, and a session's limit is made for programs that have a few.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    for (name, value) in OPTIONAL {
        if let Err(error) = write(name, value) {
            eprintln!("netfilter: {error}");
        }
    }
    NEEDED.iter().try_for_each(|(name, value)| write(name, value))
}

fn write(name: &str, value: &str) -> io::Result<()> {
    let path = format!("/proc/sys/{name}");
    fs::write(&path, value).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}
