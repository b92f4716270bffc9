//! MULTIPLE: an X11 program asks for a clip as several types at once, and is answered once, when each of them has been
//! given or refused. @see ICCCM, 2.6.2

use x11rb::NONE;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, PropMode, SelectionRequestEvent};
use x11rb::wrapper::ConnectionExt as _;

use super::bridge::{Bridge, Failed, found};

/// Types of one request.
const MAX_PAIRS: usize = 16;
/// Requests that are under way at once.
const MAX_GROUPS: usize = 16;

/// A request for several types.
#[derive(Debug)]
pub struct Group {
    request: SelectionRequestEvent,
    /// Of each type, the property that gets it; NONE = it is refused.
    pairs: Vec<(Atom, Atom)>,
    /// Of them, how many are not settled yet.
    waiting: usize,
}

/// One type of a group.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    group: u32,
    at: usize,
}

impl Bridge {
    /// False = it is refused as a whole.
    pub fn answer_all(&mut self, request: &SelectionRequestEvent) -> Result<bool, Failed> {
        let (requestor, property) = (request.requestor, request.property);
        let words = 2 * MAX_PAIRS as u32;
        let reply = self.connection.get_property(false, requestor, property, AtomEnum::ANY, 0, words)?.reply();
        let Some(reply) = found(reply)?.filter(|reply| reply.bytes_after == 0) else { return Ok(false) };
        let atoms: Vec<Atom> = reply.value32().map(Iterator::collect).unwrap_or_default();
        let pairs: Vec<(Atom, Atom)> = atoms.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        if pairs.is_empty() || self.groups.len() >= MAX_GROUPS {
            return Ok(false);
        }
        self.last_group = self.last_group.wrapping_add(1);
        let group = self.last_group;
        self.groups.insert(group, Group { request: *request, pairs: pairs.clone(), waiting: pairs.len() });
        for (at, (target, property)) in pairs.into_iter().enumerate() {
            let one = SelectionRequestEvent { target, property, ..*request };
            let part = Some(Part { group, at });
            let may_be = property != NONE && target != self.atoms.MULTIPLE;
            if !(may_be && self.answer(&one, part)?) {
                self.settle(&one, part, NONE)?;
            }
        }
        Ok(true)
    }

    /// One type was given, or begins to be given in parts; NONE = it is refused. Tells the program, of a group when all are.
    pub fn settle(
        &mut self,
        request: &SelectionRequestEvent,
        part: Option<Part>,
        property: Atom,
    ) -> Result<(), Failed> {
        let Some(part) = part else { return self.notify(request, property) };
        let Some(group) = self.groups.get_mut(&part.group) else { return Ok(()) };
        if let Some(pair) = group.pairs.get_mut(part.at).filter(|_| property == NONE) {
            pair.1 = NONE;
        }
        group.waiting = group.waiting.saturating_sub(1);
        if group.waiting > 0 {
            return Ok(());
        }
        let Some(Group { request, pairs, .. }) = self.groups.remove(&part.group) else { return Ok(()) };
        let (requestor, property) = (request.requestor, request.property);
        let atoms: Vec<Atom> = pairs.into_iter().flat_map(|(target, property)| [target, property]).collect();
        let kind = self.atoms.ATOM_PAIR;
        self.connection.change_property32(PropMode::REPLACE, requestor, property, kind, &atoms)?;
        self.notify(&request, property)
    }

    pub fn forget_groups(&mut self, requestor: u32) {
        self.groups.retain(|_, group| group.request.requestor != requestor);
    }
}
