/** Eight handles around a window, outside its border: a guest's pixels are never under them. */
import { memo, type PointerEvent as ReactPointerEvent } from "react";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../../shell/shell.ts";
import type { Edges } from "../model/geometry.ts";

const HANDLES: readonly string[] = ["n", "s", "w", "e", "nw", "ne", "sw", "se"];

function edgesOf(handle: string): Edges {
  return {
    top: handle.includes("n"),
    bottom: handle.includes("s"),
    left: handle.includes("w"),
    right: handle.includes("e"),
  };
}

export const ResizeHandles = memo(function ResizeHandles({ id }: { id: WindowId }) {
  const { commands, drag } = useShell();
  const onPress = (event: ReactPointerEvent, handle: string): void => {
    if (event.button !== 0) return;
    commands.focus(id);
    drag.resize(id, edgesOf(handle));
  };
  return HANDLES.map((handle) => (
    <div
      key={handle}
      className="resize-handle"
      data-handle={handle}
      onPointerDown={(event) => onPress(event, handle)}
    />
  ));
});
