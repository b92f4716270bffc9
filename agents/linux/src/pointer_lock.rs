//! Programs that keep the pointer and want its movements alone: games, and X11 programs that warp the pointer, for which
//! Xwayland asks. Whether one gets it is the host's to say, where a person can always take it back.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::{PointerLockWanted, PointerMoved};
use smithay::input::pointer::RelativeMotionEvent;
use smithay::utils::{Logical, Point};
use smithay::wayland::pointer_constraints::{PointerConstraint, with_pointer_constraint};

use crate::agent::Agent;
use crate::deferred::{UPDATE_INTERVAL, is_too_early};
use crate::ports::PortKind;
use crate::services::Service;
use crate::session::Phase;

pub const SERVICE: Service = Service {
    port: PortKind::Control,
    receive: Agent::receive_pointer_lock,
    session_ended: Some(|agent| agent.pointer_lock = PointerLock::default()),
};

/// What the host has been told.
#[derive(Debug, Default)]
pub struct PointerLock {
    sent: u32,
    sent_at: Option<Instant>,
}

impl Agent {
    fn receive_pointer_lock(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::PointerLocked(locked) => self.lock_pointer(locked.surface),
            Body::PointerMoved(moved) => self.pointer_moved(moved),
            _ => return false,
        }
        true
    }

    /// Once a turn: tells the host which surface wants the pointer, if it has changed.
    pub fn send_pointer_lock(&mut self) {
        let wanted = self.pointer_lock_wanted();
        if self.session.phase != Phase::Open || self.session.minor < 1 || wanted == self.pointer_lock.sent {
            return;
        }
        if is_too_early(self.pointer_lock.sent_at, UPDATE_INTERVAL) {
            self.send_updates_later();
            return;
        }
        self.pointer_lock = PointerLock { sent: wanted, sent_at: Some(Instant::now()) };
        self.send(PortKind::Control, Body::PointerLockWanted(PointerLockWanted { surface: wanted }));
    }

    fn pointer_lock_wanted(&self) -> u32 {
        let Some(surface) = self.pointer.current_focus() else { return 0 };
        let Some(id) = self.surfaces.get_announced(&surface) else { return 0 };
        let wants = with_pointer_constraint::<Agent, _, _>(&surface, &self.pointer, |constraint| {
            constraint.is_some_and(|constraint| matches!(&*constraint, PointerConstraint::Locked(_)))
        });
        if wants { id } else { 0 }
    }

    /// smithay ends a lock itself when the pointer goes to another surface.
    fn lock_pointer(&mut self, id: u32) {
        let Some(surface) = self.pointer.current_focus() else { return };
        let is_its = id != 0 && self.surfaces.id_of(&surface) == Some(id);
        with_pointer_constraint::<Agent, _, _>(&surface, &self.pointer, |constraint| {
            let Some(constraint) = constraint.filter(|one| matches!(&**one, PointerConstraint::Locked(_))) else {
                return;
            };
            match (is_its, constraint.is_active()) {
                (true, false) => constraint.activate(),
                (false, true) => constraint.deactivate(),
                _ => {}
            }
        });
    }

    fn pointer_moved(&mut self, moved: &PointerMoved) {
        let delta = (f64::from(moved.dx_fixed) / 256.0, f64::from(moved.dy_fixed) / 256.0);
        self.move_relatively(delta.into(), moved.time_ms);
        let pointer = self.pointer.clone();
        pointer.frame(self);
    }

    /// Tells the program under the pointer of a movement; a frame must follow.
    pub fn move_relatively(&mut self, delta: Point<f64, Logical>, time_ms: u32) {
        let pointer = self.pointer.clone();
        let Some(surface) = pointer.current_focus() else { return };
        let event = RelativeMotionEvent { delta, delta_unaccel: delta, utime: u64::from(time_ms) * 1000 };
        pointer.relative_motion(self, Some((surface, Point::default())), &event);
    }
}
