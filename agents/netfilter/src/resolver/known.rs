//! Names by which look-ups would pass by the firewall: over HTTPS, to resolvers that browsers and systems know by name.

/// It tells Firefox to leave the look-ups to the system.
pub const CANARY: &str = "use-application-dns.net";

const RESOLVERS: &[&str] = &[
    "adguard-dns.com",
    "canadianshield.cira.ca",
    "chrome.cloudflare-dns.com",
    "cleanbrowsing.org",
    "cloudflare-dns.com",
    "controld.com",
    "dns.adguard.com",
    "dns.alidns.com",
    "dns.google",
    "dns.google.com",
    "dns.mullvad.net",
    "dns.nextdns.io",
    "dns.quad9.net",
    "dns.sb",
    "dns0.eu",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "doh.cleanbrowsing.org",
    "doh.dns.apple.com",
    "doh.dns.sb",
    "doh.familyshield.opendns.com",
    "doh.opendns.com",
    "doh.pub",
    "doh.sandbox.opendns.com",
    "doh.umbrella.com",
    "doh.xfinity.com",
    "firefox.dns.nextdns.io",
    "mask-api.icloud.com",
    "mask.icloud.com",
    "mozilla.cloudflare-dns.com",
    "one.one.one.one",
    "security.cloudflare-dns.com",
];

/// The name itself, or one below it.
pub fn is_resolver(name: &str) -> bool {
    RESOLVERS.iter().any(|own| name.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Below it VMs have their names, which nobody outside is asked for.
const VMS: &str = "vm.internal";

/// Of a name there: the VM's, or "" of what is none. `None`: it is no name there.
pub fn vm_of(name: &str) -> Option<&str> {
    let rest = name.strip_suffix(VMS)?;
    match rest.strip_suffix('.') {
        Some(vm) => Some(vm),
        None => rest.is_empty().then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_resolvers_and_what_is_below_them() {
        assert!(is_resolver("dns.google") && is_resolver("abc.dns.nextdns.io"));
        assert!(!is_resolver("google") && !is_resolver("mydns.google") && !is_resolver("web.example"));
    }
}
