//! Tells the host which types programs have copied, and never any content. Of copies that follow each other fast only
//! the newest is told.

use std::time::{Duration, Instant};

use atoll_wire::ClipOffered;
use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CLIP_TYPE_BYTES, MAX_CLIP_TYPES};

use super::clips::{BOTH, Which};
use crate::agent::Agent;
use crate::deferred::is_too_early;
use crate::ports::PortKind;
use crate::session::Phase;

/// An offer of each selection is sent at most once within this.
const INTERVAL: Duration = Duration::from_millis(50);
/// All types of an offer, bytes: a message's header has no room for 128 of the longest.
const MAX_TYPES_BYTES: usize = 32 * 1024;

#[derive(Debug, Default)]
struct Announced {
    /// The generation of the offer that was not sent yet.
    due: Option<u32>,
    at: Option<Instant>,
}

#[derive(Debug, Default)]
pub struct Offers {
    announced: [Announced; 2],
    timer_armed: bool,
}

impl Offers {
    pub fn changed(&mut self, which: Which, generation: u32) {
        self.announced[which as usize].due = Some(generation);
    }
}

impl Agent {
    /// Once a turn: tells what is due.
    pub fn send_clip_offers(&mut self) {
        if self.session.phase != Phase::Open || self.session.minor < 1 {
            return;
        }
        for which in BOTH {
            let announced = &mut self.clipboard.offers.announced[which as usize];
            if announced.due.is_none() {
                continue;
            }
            if is_too_early(announced.at, INTERVAL) {
                self.send_clip_offers_later();
                continue;
            }
            announced.at = Some(Instant::now());
            let Some(generation) = announced.due.take() else { continue };
            let types = self.clipboard.clips.of_generation(which, generation).map(|clip| cut_types(&clip.types));
            let offered = ClipOffered { selection: which.wire().into(), generation, types: types.unwrap_or_default() };
            self.send(PortKind::Control, Body::ClipOffered(offered));
        }
    }

    /// A session has begun: the present offers are sent.
    pub fn tell_all_clips(&mut self) {
        for which in BOTH {
            let announced = &mut self.clipboard.offers.announced[which as usize];
            *announced = Announced { due: self.clipboard.clips.get(which).map(|clip| clip.generation), at: None };
        }
    }

    fn send_clip_offers_later(&mut self) {
        if !self.clipboard.offers.timer_armed {
            let armed = self.after(INTERVAL, |agent| agent.clipboard.offers.timer_armed = false);
            self.clipboard.offers.timer_armed = armed;
        }
    }
}

/// Those that fit into the limits of an offer. What is left out can be pasted in this guest alone: a name that was cut
/// would name another type.
fn cut_types(types: &[String]) -> Vec<String> {
    let fits = |name: &&String| (1..=MAX_CLIP_TYPE_BYTES).contains(&name.len());
    let mut left = MAX_TYPES_BYTES;
    let has_room = |name: &&String| {
        left = left.saturating_sub(name.len());
        left > 0
    };
    types.iter().filter(fits).take(MAX_CLIP_TYPES).take_while(has_room).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_has_no_more_and_no_longer_types_than_the_host_takes() {
        let long = "x".repeat(MAX_CLIP_TYPE_BYTES + 1);
        let own = [long, "a/b".to_owned(), String::new(), "x".repeat(MAX_CLIP_TYPE_BYTES)];
        assert_eq!(cut_types(&own), [own[1].clone(), own[3].clone()]);
        let many: Vec<String> = (0..1000).map(|at| format!("type/{at}")).collect();
        assert_eq!(cut_types(&many), many[..MAX_CLIP_TYPES]);
        let large = vec!["y".repeat(MAX_CLIP_TYPE_BYTES); MAX_CLIP_TYPES];
        let announced = cut_types(&large);
        assert!(announced.iter().map(|name| name.len() + 3).sum::<usize>() < atoll_wire::limits::MAX_HEADER_BYTES);
        assert!(announced.len() > 100);
    }
}
