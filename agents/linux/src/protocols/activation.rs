//! xdg-activation: programs that want one of their windows to be activated. Whether it may have the keyboard is the
//! host's to say, who knows what a person has just done; so every token is good, and the host is asked.

use std::time::Duration;

use atoll_wire::WindowRequest;
use smithay::delegate_xdg_activation;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xdg_activation::{
    XdgActivationHandler, XdgActivationState, XdgActivationToken, XdgActivationTokenData,
};

use crate::agent::Agent;

delegate_xdg_activation!(Agent);

/// A program hands its token to another one, which may take this long to start.
const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// Tokens that are kept; the oldest goes first.
const MAX_TOKENS: usize = 256;

impl XdgActivationHandler for Agent {
    fn activation_state(&mut self) -> &mut XdgActivationState {
        &mut self.globals.activation
    }

    fn token_created(&mut self, _token: XdgActivationToken, _data: XdgActivationTokenData) -> bool {
        let tokens = &mut self.globals.activation;
        tokens.retain_tokens(|_, data| data.timestamp.elapsed() < TOKEN_LIFE);
        if tokens.tokens().count() >= MAX_TOKENS {
            let oldest = tokens.tokens().map(|(_, data)| data.timestamp).min();
            tokens.retain_tokens(|_, data| Some(data.timestamp) != oldest);
        }
        true
    }

    fn request_activation(&mut self, token: XdgActivationToken, data: XdgActivationTokenData, surface: WlSurface) {
        self.globals.activation.remove_token(&token);
        if data.timestamp.elapsed() >= TOKEN_LIFE {
            return;
        }
        if let Some(id) = self.surfaces.id_of(&surface) {
            let window = self.surfaces.root_of(id);
            self.want_attention(window, WindowRequest::Activate);
        }
    }
}
