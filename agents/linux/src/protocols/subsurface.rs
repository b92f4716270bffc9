//! Passes the requests of wl_compositor's objects to smithay; those that make trees of surfaces after a look at them: smithay
//! 0.7 panics when a surface is placed above itself, goes through trees by recursion however deep they are, and has no callback
//! for a wl_subsurface that is destroyed.

use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_callback::WlCallback;
use smithay::reexports::wayland_server::protocol::wl_compositor::WlCompositor;
use smithay::reexports::wayland_server::protocol::wl_region::WlRegion;
use smithay::reexports::wayland_server::protocol::wl_subcompositor::{self, WlSubcompositor};
use smithay::reexports::wayland_server::protocol::wl_subsurface::{self, Request, WlSubsurface};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_dispatch, delegate_global_dispatch,
};
use smithay::wayland::compositor::{
    CompositorState, RegionUserData, SubsurfaceUserData, SurfaceUserData, get_children, get_parent,
};

use crate::agent::Agent;

delegate_global_dispatch!(Agent: [WlCompositor: ()] => CompositorState);
delegate_global_dispatch!(Agent: [WlSubcompositor: ()] => CompositorState);
delegate_dispatch!(Agent: [WlCompositor: ()] => CompositorState);
delegate_dispatch!(Agent: [WlSurface: SurfaceUserData] => CompositorState);
delegate_dispatch!(Agent: [WlRegion: RegionUserData] => CompositorState);
delegate_dispatch!(Agent: [WlCallback: ()] => CompositorState);

type Smithay = CompositorState;

/// Of subsurfaces in subsurfaces: many more than are ever shown (`MAX_SUBSURFACE_DEPTH`), and few enough for a stack.
const MAX_TREE_DEPTH: usize = 64;

impl Dispatch<WlSubcompositor, ()> for Agent {
    fn request(
        agent: &mut Self,
        client: &Client,
        subcompositor: &WlSubcompositor,
        request: wl_subcompositor::Request,
        data: &(),
        display: &DisplayHandle,
        data_init: &mut DataInit<'_, Self>,
    ) {
        if let wl_subcompositor::Request::GetSubsurface { surface, parent, .. } = &request
            && is_too_deep(surface, parent)
        {
            subcompositor.post_error(wl_subcompositor::Error::BadSurface, "Too many subsurfaces in each other.");
            return;
        }
        <Smithay as Dispatch<WlSubcompositor, (), Self>>::request(
            agent,
            client,
            subcompositor,
            request,
            data,
            display,
            data_init,
        );
    }
}

/// With `surface` in `parent`. A tree may grow at both ends.
fn is_too_deep(surface: &WlSurface, parent: &WlSurface) -> bool {
    let mut depth = std::iter::successors(Some(parent.clone()), get_parent).take(MAX_TREE_DEPTH).count();
    let mut level = vec![surface.clone()];
    while !level.is_empty() && depth <= MAX_TREE_DEPTH {
        depth += 1;
        level = level.iter().flat_map(get_children).collect();
    }
    depth > MAX_TREE_DEPTH
}

impl Dispatch<WlSubsurface, SubsurfaceUserData> for Agent {
    fn request(
        agent: &mut Self,
        client: &Client,
        subsurface: &WlSubsurface,
        request: Request,
        data: &SubsurfaceUserData,
        display: &DisplayHandle,
        data_init: &mut DataInit<'_, Self>,
    ) {
        if let Request::PlaceAbove { sibling } | Request::PlaceBelow { sibling } = &request {
            if sibling == data.surface() {
                subsurface.post_error(wl_subsurface::Error::BadSurface, "A surface is no sibling of its own.");
                return;
            }
        }
        <Smithay as Dispatch<WlSubsurface, SubsurfaceUserData, Self>>::request(
            agent, client, subsurface, request, data, display, data_init,
        );
    }

    fn destroyed(agent: &mut Self, client: ClientId, subsurface: &WlSubsurface, data: &SubsurfaceUserData) {
        <Smithay as Dispatch<WlSubsurface, SubsurfaceUserData, Self>>::destroyed(agent, client, subsurface, data);
        // A surface without its wl_subsurface is unmapped at once, not with the next commit of the parent.
        agent.subsurface_destroyed(data.surface());
    }
}
