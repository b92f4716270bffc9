//! Brings the loopback interface up.

use crate::error::Error;
use crate::netlink::Netlink;

/// The loopback is the first interface of every network namespace.
const LOOPBACK_INDEX: u32 = 1;

pub fn up() -> Result<(), Error> {
    Netlink::open()?.set_up(LOOPBACK_INDEX)
}
