/** The port to the desktop's window. The adapter is main/electron/desktop-window.ts. */
import type { ControlAction } from "#shared/ipc/desktop.ts";
import type { DesktopLayout } from "#shared/ipc/layout.ts";
import type { PromptButtonPlace, WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import type { Rect, WindowId, WindowMode } from "#shared/model/window.ts";

/** A window on the host's screen; physical pixels. */
export interface PlacedWindow {
  id: WindowId;
  content: Rect;
  mode: WindowMode;
  focused: boolean;
  frozen: boolean;
  popups: Rect[];
}

export interface FilesWanted {
  /** What they are for. */
  title: string;
  several: boolean;
}

export interface Desktop {
  /** Opens it, or brings it to the front. */
  raise(): void;
  control(action: ControlAction): void;
  /** The page has asked for its state. */
  pageReady(): void;
  /** Where the page says that its windows are; DOM pixels. */
  layoutReported(layout: DesktopLayout): void;
  layout(): PlacedWindow[];
  /** Positions in physical pixels of the screen. Rejects with what the page says, or desktop.not-ready. */
  command(command: WmCommand): Promise<WmAnswerValue>;
  /** The buttons of the prompt on the screen, in physical pixels of the screen. Rejects as `command` does. */
  promptButtons(): Promise<PromptButtonPlace[]>;
  /** Absolute paths of files that the person has chosen in the host's own dialog; none: they have cancelled it. */
  chooseFiles(wanted: FilesWanted): Promise<string[]>;
  /** PNG of the whole desktop. */
  screenshot(): Promise<Uint8Array>;
}
