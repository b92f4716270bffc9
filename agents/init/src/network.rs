//! The guest's one interface: static addresses, which the host says on the kernel's command line. There is no DHCP, and
//! nothing is asked of the network; its gateway is the resolver.

use crate::asking;
use crate::cmdline::Network;
use crate::error::Error;
use crate::netlink::{LinkEvents, Netlink};
use crate::session::tolerate;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

const INTERFACES: &str = "/sys/class/net";
const RESOLVERS: &str = "/etc/resolv.conf";
/// How long the kernel may take to find an interface that the host has plugged in.
const LONGEST_PLUGGING: Duration = Duration::from_secs(10);

/// After the interface's driver was inserted.
pub fn configure(network: &Network) -> Result<(), Error> {
    let name = interface(INTERFACES, &network.mac)?;
    let path = format!("{INTERFACES}/{name}/ifindex");
    let index = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let index = index.trim().parse().map_err(|_| Error::NoInterface { mac: network.mac.clone() })?;
    // Whoever is at the other end has no say in what addresses and routes there are.
    for setting in ["accept_ra", "autoconf"] {
        let path = format!("/proc/sys/net/ipv6/conf/{name}/{setting}");
        tolerate(setting, fs::write(&path, "0").map_err(Error::file(&path)));
    }
    let netlink = Netlink::open()?;
    netlink.set_up(index)?;
    for (address, prefix, gateway) in [
        (IpAddr::from(network.ipv4.address), network.ipv4.prefix, IpAddr::from(network.ipv4.gateway)),
        (IpAddr::from(network.ipv6.address), network.ipv6.prefix, IpAddr::from(network.ipv6.gateway)),
    ] {
        netlink.add_address(index, address, prefix)?;
        netlink.add_default_route(index, gateway)?;
    }
    let resolver = network.ipv4.gateway;
    fs::write(RESOLVERS, resolvers(resolver)).map_err(Error::file(RESOLVERS))?;
    tolerate("refused names", asking::watch(resolver));
    Ok(())
}

/// The same of one that is plugged in meanwhile. Its driver is there already.
pub fn configure_plugged(network: &Network) -> Result<(), Error> {
    let events = LinkEvents::listen()?;
    let until = Instant::now() + LONGEST_PLUGGING;
    loop {
        match interface(INTERFACES, &network.mac) {
            Ok(_) => return configure(network),
            Err(missing) => {
                if !events.wait(until)? {
                    return Err(missing);
                }
            }
        }
    }
}

/// The name of the interface that has this address. `folder`: /sys/class/net.
fn interface(folder: &str, mac: &str) -> Result<String, Error> {
    fs::read_dir(folder)
        .map_err(Error::file(folder))?
        .flatten()
        .find(|entry| has_address(&entry.path(), mac))
        .and_then(|entry| entry.file_name().into_string().ok())
        .ok_or_else(|| Error::NoInterface { mac: mac.to_owned() })
}

fn has_address(interface: &Path, mac: &str) -> bool {
    fs::read_to_string(interface.join("address")).is_ok_and(|address| address.trim() == mac)
}

fn resolvers(gateway: Ipv4Addr) -> String {
    format!("# Atoll's, at each start.\nnameserver {gateway}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_interface_by_its_address() {
        let folder = std::env::temp_dir().join(format!("atoll-interfaces-{}", std::process::id()));
        for (name, address) in [("lo", "00:00:00:00:00:00"), ("eth0", "52:54:00:a7:00:01")] {
            assert!(fs::create_dir_all(folder.join(name)).is_ok());
            assert!(fs::write(folder.join(name).join("address"), format!("{address}\n")).is_ok());
        }
        let path = folder.to_string_lossy();
        assert_eq!(interface(&path, "52:54:00:a7:00:01").ok().as_deref(), Some("eth0"));
        assert!(matches!(interface(&path, "52:54:00:a7:00:02"), Err(Error::NoInterface { .. })));
        assert!(fs::remove_dir_all(&folder).is_ok());
    }

    #[test]
    fn the_gateway_is_the_resolver() {
        assert_eq!(resolvers(Ipv4Addr::new(10, 137, 0, 5)), "# Atoll's, at each start.\nnameserver 10.137.0.5\n");
    }
}
