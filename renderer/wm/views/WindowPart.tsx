/** A guest's window, or what stands in its place where its frame cannot be drawn: nothing of a guest is shown without one. */
import { memo, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useStore } from "zustand";
import type { WindowId } from "#shared/model/window.ts";
import { Part } from "../../shell/Part.tsx";
import { useShell } from "../../shell/shell.ts";
import { placeFrame } from "./frame-placer.ts";
import { GuestWindow } from "./GuestWindow.tsx";

export const WindowPart = memo(function WindowPart({ id }: { id: WindowId }) {
  const { wm } = useShell();
  // Nobody types into what they do not see.
  const leave = (): void => {
    if (wm.getState().focused === id) wm.dispatch({ type: "focus", id: null });
  };
  return (
    <Part
      name="The frame of a window"
      failed={leave}
      place={(said, again) => (
        <FailedWindow id={id} again={again}>
          {said}
        </FailedWindow>
      )}
    >
      <GuestWindow id={id} />
    </Part>
  );
});

interface FailedWindowProps {
  id: WindowId;
  again: () => void;
  children: ReactNode;
}

/** Whoever chooses it, with Alt+Tab say, wants it shown. */
function FailedWindow({ id, again, children }: FailedWindowProps) {
  const { wm } = useShell();
  const isFocused = useStore(wm, ({ focused }) => focused === id);
  const frame = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => (frame.current === null ? undefined : placeFrame(wm, id, frame.current)), [wm, id]);
  useEffect(() => {
    // Not by the focus that it had when it failed.
    if (isFocused && wm.getState().focused === id) again();
  }, [isFocused, again, wm, id]);
  return (
    <div ref={frame} className="guest-window" data-failed>
      {children}
    </div>
  );
}
