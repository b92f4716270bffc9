//! The credit loop: a picture goes to the host when it has given a credit for its surface; with that the program may draw
//! the next one. What is drawn meanwhile gathers; the newest content wins.

use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_OPEN_CREDITS;
use atoll_wire::{Credit, Frame};
use calloop::timer::{TimeoutAction, Timer};

use crate::agent::Agent;
use crate::encoding::{Part, Scratch};
use crate::ports::PortKind;
use crate::services::Service;
use crate::surfaces::{Content, Role, Surface};

pub const SERVICE: Service = Service { port: PortKind::Frames, receive: Agent::receive_credit, session_ended: None };

/// No further picture is made while this much waits for the port: it would be old when its turn comes.
const QUEUE_BYTES: usize = 1024 * 1024;
/// A program that asks for a frame and changes nothing is answered at this pace instead of the host's.
const PACE: Duration = Duration::from_millis(16);

impl Agent {
    fn receive_credit(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::Credit(credit) = body else { return false };
        self.take_credit(credit);
        true
    }

    fn take_credit(&mut self, credit: &Credit) {
        // A surface that was closed meanwhile: its credit ends with it.
        let Some(surface) = self.surfaces.get_mut(credit.surface) else { return };
        surface.credits = surface.credits.saturating_add(credit.count).min(MAX_OPEN_CREDITS);
    }

    /// The whole picture again, with the next credit.
    pub fn refresh(&mut self, id: u32) {
        if let Some(surface) = self.surfaces.get_mut(id) {
            surface.whole = true;
        }
    }

    /// Once a turn: sends the pictures that have a credit, answers the frame callbacks that may be answered.
    pub fn send_pictures(&mut self) {
        let ids = self.surfaces.ids();
        // Begins after the surface that was served last, so that none starves while the port is full.
        let start = ids.partition_point(|id| *id <= self.last_served);
        for id in ids[start..].iter().chain(&ids[..start]) {
            self.serve(*id);
        }
    }

    fn serve(&mut self, id: u32) {
        let room = self.ports.get(PortKind::Frames).queued_bytes() < QUEUE_BYTES;
        let Some((surface, content)) = self.surfaces.both_mut(id) else { return };
        if !surface.announced || surface.credits == 0 {
            return;
        }
        if room && has_news(surface, content) {
            let parts = take_picture(surface, content, &mut self.scratch);
            surface.credits -= 1;
            for part in parts {
                self.send_part(part);
            }
            self.last_served = id;
            // Also when that was the last credit: the program draws the next picture while this one is on its way, and
            // waits with it until there is a credit for it.
            self.answer_callbacks(id);
        } else if room && !content.callbacks.is_empty() {
            self.pace_callbacks();
        }
    }

    fn send_part(&mut self, part: Part) {
        let mut bytes = Vec::new();
        match atoll_wire::encode(part.body, &part.payload, &mut bytes) {
            Ok(()) => self.ports.get(PortKind::Frames).send(bytes),
            Err(error) => log::error!("a frame cannot be sent: {error}"),
        }
    }

    fn answer_callbacks(&mut self, id: u32) {
        let now = self.now_ms();
        if let Some((_, content)) = self.surfaces.both_mut(id) {
            for callback in content.callbacks.drain(..) {
                callback.done(now);
            }
        }
    }

    /// Answers, a moment later, the callbacks of surfaces that have a credit but nothing new to show.
    pub fn pace_callbacks(&mut self) {
        if self.paces {
            return;
        }
        let timer = Timer::from_duration(PACE);
        let inserted = self.handle.insert_source(timer, |_, (), agent| {
            agent.paces = false;
            for id in agent.surfaces.ids() {
                if agent.surfaces.get(id).is_some_and(|surface| surface.announced && surface.credits > 0) {
                    agent.answer_callbacks(id);
                }
            }
            agent.answer_cursor_callbacks();
            TimeoutAction::Drop
        });
        self.paces = inserted.is_ok();
    }
}

fn has_news(surface: &Surface, content: &Content) -> bool {
    let Some(picture) = &content.picture else { return false };
    surface.whole || content.altered || !picture.changed.is_empty()
}

/// The messages of the surface's next picture; its changes count as sent.
fn take_picture(surface: &mut Surface, content: &mut Content, scratch: &mut Scratch) -> Vec<Part> {
    let geometry = content.geometry();
    let Some(picture) = &mut content.picture else { return Vec::new() };
    if std::mem::take(&mut surface.whole) {
        picture.changed.mark_all();
    }
    content.altered = false;
    surface.serial += 1;
    let frame = Frame {
        surface: surface.id,
        serial: surface.serial,
        width: picture.width,
        height: picture.height,
        scale: content.scale,
        viewport_width: content.viewport.0,
        viewport_height: content.viewport.1,
        geometry: (!matches!(surface.role, Role::Subsurface { .. })).then_some(geometry),
        format: picture.format.into(),
        configure_serial: surface.window().map_or(0, |window| window.answered),
        damage: Vec::new(),
        last: false,
    };
    let rects = picture.changed.take();
    let mut parts = Vec::new();
    surface.encoder.encode(picture, &rects, &frame, scratch, |part| parts.push(part));
    parts
}
