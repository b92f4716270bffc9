//! The credit loop: a surface's frame is sent when the host has given a credit for it, and then its frame callbacks are
//! answered, so that the program draws the next one. Damage gathers meanwhile; the newest content wins.

use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_OPEN_CREDITS;
use atoll_wire::{Credit, Frame};

use crate::agent::Agent;
use crate::encoding::{Part, Scratch};
use crate::ports::PortKind;
use crate::services::Service;
use crate::surfaces::{Content, Role, Surface};

pub const SERVICE: Service = Service { port: PortKind::Frames, receive: Agent::receive_credit, session_ended: None };

/// No further frame is made while this much waits for the port: it would be outdated when it is sent.
const MAX_QUEUED_BYTES: usize = 1024 * 1024;
/// Frame callbacks of a program that changes nothing are answered after this time.
const CALLBACK_INTERVAL: Duration = Duration::from_millis(16);

/// The order in which surfaces are served, and what serving them needs.
#[derive(Debug, Default)]
pub struct FramePacing {
    /// The surface whose frame was sent last.
    last_served: u32,
    scratch: Scratch,
    callback_timer_armed: bool,
}

impl Agent {
    fn receive_credit(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::Credit(credit) = body else { return false };
        self.take_credit(credit);
        true
    }

    fn take_credit(&mut self, credit: &Credit) {
        // The surface may have been closed meanwhile: its credit ends with it.
        let Some(surface) = self.surfaces.get_mut(credit.surface) else { return };
        surface.credits = surface.credits.saturating_add(credit.count).min(MAX_OPEN_CREDITS);
    }

    /// The whole frame is sent again, with the next credit.
    pub fn refresh(&mut self, id: u32) {
        if let Some(surface) = self.surfaces.get_mut(id) {
            surface.full_frame_due = true;
        }
    }

    /// Once a turn: sends the frames that have a credit, and answers their frame callbacks.
    pub fn send_frames(&mut self) {
        let ids = self.surfaces.ids();
        // Begins after the surface that was served last, so that none starves while the port is full.
        let start = ids.partition_point(|id| *id <= self.frame_pacing.last_served);
        for id in ids[start..].iter().chain(&ids[..start]) {
            self.serve(*id);
        }
    }

    fn serve(&mut self, id: u32) {
        let room = self.ports.get(PortKind::Frames).queued_bytes() < MAX_QUEUED_BYTES;
        let max_buffer_px = self.screen.max_buffer_px();
        let Some((surface, content)) = self.surfaces.both_mut(id) else { return };
        if !surface.announced || surface.credits == 0 {
            return;
        }
        if room && needs_frame(surface, content, max_buffer_px) {
            let parts = take_frame(surface, content, &mut self.frame_pacing.scratch);
            surface.credits -= 1;
            for part in parts {
                self.send_part(part);
            }
            self.frame_pacing.last_served = id;
            // Also when that was the last credit: the program draws the next frame while this one is on its way to the
            // host, and that one then waits for a credit.
            self.answer_callbacks(id);
        } else if room && !content.callbacks.is_empty() {
            self.answer_callbacks_later();
        }
    }

    fn send_part(&mut self, part: Part) {
        let mut bytes = Vec::new();
        match atoll_wire::encode(part.body, &part.payload, &mut bytes) {
            Ok(()) => self.ports.get(PortKind::Frames).send(bytes, false),
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

    /// Answers, after CALLBACK_INTERVAL, the callbacks of surfaces that have a credit but nothing new to show.
    pub fn answer_callbacks_later(&mut self) {
        if self.frame_pacing.callback_timer_armed {
            return;
        }
        self.frame_pacing.callback_timer_armed = self.after(CALLBACK_INTERVAL, |agent| {
            agent.frame_pacing.callback_timer_armed = false;
            for id in agent.surfaces.ids() {
                if agent.surfaces.get(id).is_some_and(|surface| surface.announced && surface.credits > 0) {
                    agent.answer_callbacks(id);
                }
            }
            agent.answer_cursor_callbacks();
        });
    }
}

/// One that is larger than the host takes is not sent: the window keeps its last frame.
fn needs_frame(surface: &Surface, content: &Content, max_buffer_px: u32) -> bool {
    let Some(framebuffer) = &content.framebuffer else { return false };
    if framebuffer.width.saturating_mul(framebuffer.height) > max_buffer_px {
        return false;
    }
    surface.full_frame_due || content.metadata_dirty || !framebuffer.changed.is_empty()
}

/// The messages of the surface's next frame; its damage counts as sent.
fn take_frame(surface: &mut Surface, content: &mut Content, scratch: &mut Scratch) -> Vec<Part> {
    let geometry = content.geometry();
    let Some(framebuffer) = &mut content.framebuffer else { return Vec::new() };
    if std::mem::take(&mut surface.full_frame_due) {
        framebuffer.changed.mark_all();
    }
    content.metadata_dirty = false;
    surface.serial += 1;
    let frame = Frame {
        surface: surface.id,
        serial: surface.serial,
        width: framebuffer.width,
        height: framebuffer.height,
        scale: content.scale,
        viewport_width: content.viewport.0,
        viewport_height: content.viewport.1,
        geometry: (!matches!(surface.role, Role::Subsurface { .. })).then_some(geometry),
        format: framebuffer.format.into(),
        configure_serial: surface.window().map_or(0, |window| window.acked_serial),
        damage: Vec::new(),
        last: false,
    };
    let rects = framebuffer.changed.take();
    let mut parts = Vec::new();
    surface.encoder.encode(framebuffer, &rects, &frame, scratch, |part| parts.push(part));
    parts
}
