/** Windows and their places, for the page (which reports them) and the `atoll` command (which asks). */
import type { layoutContract } from "#shared/ipc/layout.ts";
import type { WmCommand, windowContract } from "#shared/ipc/window.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { WindowId, WindowView } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import { asPicture } from "./picture.ts";
import { goneSignal } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { PlacementsFile } from "./placements-file.ts";
import type { LastWindows } from "./last-windows.ts";
import { reopen } from "./reopen.ts";
import type { WindowCommands } from "./window-commands.ts";

/** How long a page that has just come may take to show a window that is there. */
const SHOWN_MS = 5_000;

export function layoutHandlers({
  application,
  placements,
}: {
  application: Application;
  placements: PlacementsFile;
}): Handlers<typeof layoutContract> {
  return {
    "focus.report": ({ focus }) => application.focus.reported(focus),
    "layout.report": (layout) => {
      application.desktop.layoutReported(layout);
      application.windowsShown(layout.windows);
    },
    "placements.report": (reported) => placements.keep(reported),
  };
}

export function windowHandlers({
  application,
  commands,
  lastWindows,
}: {
  application: Application;
  commands: WindowCommands;
  lastWindows: LastWindows;
}): Handlers<typeof windowContract> {
  const viewOf = (id: WindowId): WindowView => {
    const view = application.windows().find((window) => window.id === id);
    if (view !== undefined) return view;
    throw new AppError("window.not-found", `Window ${id} was closed meanwhile.`, { window: id });
  };
  /** Resolves when the page shows it, or has not in time: then the page says so itself. A page never shows a frozen one anew. */
  const shown = async (window: string): Promise<ReturnType<Application["window"]>> => {
    const found = application.window(window);
    const { windows } = found.vm;
    if (!windows.isFrozen) await windows.whenThere(found.surface, SHOWN_MS);
    return found;
  };
  const order =
    (type: Exclude<WmCommand["type"], "close" | "move" | "screenshot" | "prompt-buttons">) =>
    async ({ window }: { window: string }): Promise<WindowView> => {
      const { id } = await shown(window);
      await application.desktop.command({ type, window: id });
      return viewOf(id);
    };
  return {
    "window.list": () => application.windows(),
    "window.focus": order("focus"),
    "window.minimize": order("minimize"),
    "window.maximize": order("maximize"),
    "window.restore": order("restore"),
    "window.close": async ({ window }) => {
      const { id, vm, surface } = await shown(window);
      const before = viewOf(id);
      await application.desktop.command({ type: "close", window: id });
      if (vm.windows.isFrozen) vm.dismiss(surface);
      return before;
    },
    "window.move": async ({ window, x, y, width, height }) => {
      const { id } = await shown(window);
      await application.desktop.command({ type: "move", window: id, x, y, width, height });
      return viewOf(id);
    },
    "window.screenshot": async ({ window }) => {
      const { id } = await shown(window);
      const png = await application.desktop.command({ type: "screenshot", window: id });
      if (!(png instanceof Uint8Array)) throw new AppError("internal", "The desktop returned no screenshot.");
      return asPicture(png);
    },
    "window.last": () =>
      application.vms
        .map(({ id, definition: { name } }) => ({ vm: name, windows: [...lastWindows.of(id)] }))
        .filter(({ windows }) => windows.length > 0),
    "window.reopen": ({ vm }, caller) => reopen(application.vm(vm), lastWindows, goneSignal(caller)),
    "window.dismissed": ({ window }) => {
      const { vm, surface } = application.window(window);
      if (vm.windows.isFrozen) vm.dismiss(surface);
    },
    "wm.answer": ({ id, answer }) => commands.answered(id, answer),
  };
}
