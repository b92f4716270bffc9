//! A clip that the host puts into this guest (ClipPut): no program owns it, the agent keeps it.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

use atoll_wire::ClipPut;
use atoll_wire::limits::{MAX_CLIP_BYTES, MAX_CLIP_TYPE_BYTES};

use super::{Owner, Which};
use crate::agent::Agent;
use crate::streams::Ending;

/// Takes up to the largest clip.
#[derive(Clone, Default)]
struct Whole(Rc<RefCell<Vec<u8>>>);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut whole = self.0.borrow_mut();
        if whole.len() + bytes.len() > MAX_CLIP_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        whole.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Agent {
    pub fn clip_put(&mut self, put: &ClipPut) {
        let (stream, mime_type) = (put.stream, put.r#type.clone());
        let is_sound = (1..=MAX_CLIP_TYPE_BYTES).contains(&mime_type.len());
        let which = Which::of_wire(put.selection()).filter(|_| is_sound && self.streams.check(&[stream]).is_ok());
        let Some(which) = which else { return self.refuse_incoming(stream) };
        let whole = Whole::default();
        self.open_incoming(stream, whole.clone(), None, &[], move |agent, ending| {
            if ending == Ending::Complete {
                let bytes: Rc<[u8]> = whole.0.take().into();
                agent.replace_clip(which, Some((vec![mime_type], Owner::Agent(bytes))));
            }
        });
    }
}
