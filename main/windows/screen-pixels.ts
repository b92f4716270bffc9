/** Between the page, which counts in DOM pixels from its own corner, and the host's screen in physical pixels. Pure. */
import type { DesktopLayout } from "#shared/ipc/layout.ts";
import type { WmCommand } from "#shared/ipc/window.ts";
import type { Rect } from "#shared/model/window.ts";
import type { PlacedWindow } from "./desktop.ts";

export interface PagePlace {
  /** The page's corner on the screen, DOM pixels. */
  origin: { x: number; y: number };
  /** Physical pixels for each DOM pixel. */
  scale: number;
}

/** The page's windows on the screen, in whole pixels. */
export function toScreen({ windows }: DesktopLayout, place: PagePlace): PlacedWindow[] {
  const rectOnScreen = (rect: Rect): Rect => rectToScreen(rect, place);
  return windows.map((window) => ({
    ...window,
    content: rectOnScreen(window.content),
    popups: window.popups.map(rectOnScreen),
  }));
}

/** A rectangle of the page on the screen, in whole pixels. */
export function rectToScreen({ x, y, width, height }: Rect, { origin, scale }: PagePlace): Rect {
  return {
    x: Math.round((origin.x + x) * scale),
    y: Math.round((origin.y + y) * scale),
    width: Math.round(width * scale),
    height: Math.round(height * scale),
  };
}

/** A command in the screen's pixels, as the page is given it. */
export function toPage(command: WmCommand, { origin, scale }: PagePlace): WmCommand {
  if (command.type !== "move") return command;
  const length = (pixels: number | null): number | null => (pixels === null ? null : pixels / scale);
  return {
    ...command,
    x: command.x / scale - origin.x,
    y: command.y / scale - origin.y,
    width: length(command.width),
    height: length(command.height),
  };
}
