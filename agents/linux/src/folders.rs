//! What the desktop shows of this guest's folders. The work is done in threads (agents/files).

use atoll_files::Folders;
use atoll_wire::header::Message as Body;
use calloop::channel::{self, Sender};

use crate::agent::Agent;
use crate::error::AgentError;
use crate::ports::PortKind;
use crate::services::Service;

pub const SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_folders, session_ended: Some(Agent::end_folders) };

#[derive(Default)]
pub struct ShownFolders {
    /// None = nothing was shown in this session yet.
    folders: Option<Folders>,
    /// Counts sessions: what a thread of an earlier one reports is dropped.
    session: u32,
    sender: Option<Sender<(u32, Body)>>,
}

impl Agent {
    /// Begins to receive what the threads report.
    ///
    /// # Errors
    /// The event loop takes no more.
    pub fn start_folders(&mut self) -> Result<(), AgentError> {
        let (sender, received) = channel::channel();
        let inserted = self.handle.insert_source(received, |event, (), agent| {
            if let channel::Event::Msg((session, body)) = event
                && session == agent.folders.session
                && agent.folders.is_for_the_host(&body)
            {
                agent.send(PortKind::Bulk, body);
            }
        });
        inserted.map_err(|error| AgentError::Start("folders", error.to_string()))?;
        self.folders.sender = Some(sender);
        Ok(())
    }

    fn receive_folders(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Some(sender) = self.folders.sender.clone() else { return false };
        let (session, home) = (self.folders.session, self.environment.home());
        let folders = self
            .folders
            .folders
            .get_or_insert_with(|| Folders::new(home, move |body| drop(sender.send((session, body)))));
        folders.receive(body)
    }

    /// The session is over.
    fn end_folders(&mut self) {
        self.folders.folders = None;
        self.folders.session += 1;
    }
}

impl ShownFolders {
    fn is_for_the_host(&self, body: &Body) -> bool {
        match body {
            // On its way when it was not shown any more.
            Body::FolderChanged(changed) => self.folders.as_ref().is_some_and(|folders| folders.shows(changed.folder)),
            _ => true,
        }
    }
}
