//! The services of the agent: each handles its own messages of the host. To add one, write its module with a `SERVICE`
//! and name it in the list below.

use atoll_wire::header::Message as Body;

use crate::agent::Agent;
use crate::ports::PortKind;

/// In the order in which they are asked: input first.
const SERVICES: &[Service] = &[
    crate::input::SERVICE,
    crate::pointer_lock::SERVICE,
    crate::frames::SERVICE,
    crate::windows::SERVICE,
    crate::session::SERVICE,
    crate::clock::SERVICE,
    crate::apps::SERVICE,
    crate::launch::SERVICE,
    crate::opening::SERVICE,
    crate::clipboard::CONTROL_SERVICE,
    crate::clipboard::BULK_SERVICE,
    crate::exec::SERVICE,
    crate::files::SERVICE,
    crate::folders::SERVICE,
    crate::program::SERVICE,
    crate::streams::SERVICE,
];

/// A group of messages of the host that one module handles, in an open session.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// The port on which the messages come.
    pub port: PortKind,
    /// Handles a message with its payload. False = it is none of this service.
    pub receive: fn(&mut Agent, &Body, &[u8]) -> bool,
    /// Called when the session with the host is over.
    pub session_ended: Option<fn(&mut Agent)>,
}

/// Gives a message to its service. False = there is none for it on this port.
pub fn dispatch(agent: &mut Agent, port: PortKind, body: &Body, payload: &[u8]) -> bool {
    SERVICES.iter().filter(|service| service.port == port).any(|service| (service.receive)(agent, body, payload))
}

pub fn session_ended(agent: &mut Agent) {
    for ended in SERVICES.iter().filter_map(|service| service.session_ended) {
        ended(agent);
    }
}
