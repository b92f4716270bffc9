/**
 * A guest's window: the host's frame around the guest's surfaces. React renders the frame; its place, size and level are
 * written to the element by frame-placer.ts, and the surfaces are the scene's.
 */
import "./guest-window.css";
import { Copy, Ellipsis, Minus, Square, X } from "lucide-react";
import { memo, type PointerEvent as ReactPointerEvent, useLayoutEffect, useRef } from "react";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../../shell/shell.ts";
import { Tag } from "../../ui/Tag.tsx";
import { useTag } from "../../shell/use-vm.ts";
import { FrozenBadge } from "./FrozenBadge.tsx";
import { placeFrame } from "./frame-placer.ts";
import { PausedMark } from "./PausedMark.tsx";
import { ResizeHandles } from "./ResizeHandles.tsx";
import { useWindow } from "../../shell/use-window.ts";

export const GuestWindow = memo(function GuestWindow({ id }: { id: WindowId }) {
  const { wm, links, commands, drag, overlays } = useShell();
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const popups = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const found = links.find(id);
    if (found === undefined) return;
    content.current?.append(found.surface.node);
    popups.current?.append(found.surface.popups);
  }, [links, id]);
  useLayoutEffect(() => (frame.current === null ? undefined : placeFrame(wm, id, frame.current)), [wm, id]);

  if (window === null) return null;
  const { title, placement, frozen, isClientDecorated } = window;
  const isMaximized = placement === "maximized" || placement === "appFullscreen";
  const isFree = window.shownAs === "free";
  const onTitleBar = (event: ReactPointerEvent): void => {
    commands.focus(id);
    if (event.button === 0) drag.move(id);
    else if (event.button === 1) commands.toggleMaximize(id);
  };

  return (
    <div
      ref={frame}
      className="guest-window"
      role="group"
      aria-label={`${title}, ${tag.name}`}
      data-window-id={id}
      data-vm={tag.name}
      data-label={tag.label}
      data-focused={window.isFocused || undefined}
      data-focus-cause={window.focusCause ?? undefined}
      data-bar={window.shownAs === "userFullscreen" ? "edge" : isClientDecorated ? "slim" : "full"}
      data-filled={isFree ? undefined : true}
      data-frozen={frozen === null ? undefined : true}
    >
      <div className="guest-frame">
        <header
          className="title-bar"
          onPointerDown={onTitleBar}
          onDoubleClick={() => commands.toggleMaximize(id)}
          onContextMenu={(event) =>
            overlays.open({ kind: "window-menu", window: id, x: event.clientX, y: event.clientY })
          }
        >
          <Tag tag={tag} />
          <span className="title" data-part="title">
            {title}
          </span>
          <PausedMark vm={window.vm} name={tag.name} />
          {isClientDecorated && (
            <div
              className="window-buttons"
              onPointerDown={(event) => event.stopPropagation()}
              onDoubleClick={(event) => event.stopPropagation()}
            >
              <button
                type="button"
                tabIndex={-1}
                aria-label="Window menu"
                aria-haspopup="menu"
                onClick={(event) =>
                  overlays.open({ kind: "window-menu", window: id, x: event.clientX, y: event.clientY })
                }
              >
                <Ellipsis size={15} />
              </button>
            </div>
          )}
          {!isClientDecorated && (
            <div
              className="window-buttons"
              onPointerDown={(event) => event.stopPropagation()}
              onDoubleClick={(event) => event.stopPropagation()}
            >
              <button type="button" tabIndex={-1} aria-label="Minimise" onClick={() => commands.minimize(id)}>
                <Minus size={15} />
              </button>
              {!window.isFixedSize && (
                <button
                  type="button"
                  tabIndex={-1}
                  aria-label={isMaximized ? "Restore" : "Maximise"}
                  onClick={() => commands.toggleMaximize(id)}
                >
                  {isMaximized ? <Copy size={12} /> : <Square size={12} />}
                </button>
              )}
              <button
                type="button"
                tabIndex={-1}
                aria-label="Close"
                className="close"
                onClick={() => commands.close(id)}
              >
                <X size={15} />
              </button>
            </div>
          )}
        </header>
        <div ref={content} className="guest-content" data-part="content" />
        {frozen !== null && <FrozenBadge frozen={frozen} vm={window.vm} />}
      </div>
      <div ref={popups} className="guest-popups" />
      {isFree && frozen === null && !window.isFixedSize && <ResizeHandles id={id} />}
    </div>
  );
});
