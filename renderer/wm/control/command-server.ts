/** Answers main's `wm.command`s: what the `atoll` command asks of the window manager. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Links } from "./links.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import type { Effects } from "./effects.ts";
import { wholeCells } from "../model/geometry.ts";
import type { LayoutReporter } from "./layout-reporter.ts";
import type { WindowCommands } from "./window-commands.ts";
import { promptButtons } from "./prompt-buttons.ts";
import { contentOf } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";
import { windowPicture } from "./window-picture.ts";

/** How long a program may take to draw in the size that was requested. */
const ANSWER_MS = 1_000;

interface CommandServerParts {
  wm: WmStore;
  links: Links;
  compositor: Compositor;
  effects: Effects;
  commands: WindowCommands;
  layout: LayoutReporter;
}

export class CommandServer {
  readonly #parts: CommandServerParts;

  constructor(bridge: AtollBridge, parts: CommandServerParts) {
    this.#parts = parts;
    bridge.on("wm.command", ({ id, command }) => {
      void this.#run(command).then(
        (value) => {
          parts.layout.flush();
          bridge.report("wm.answer", { id, answer: { ok: true, value } });
        },
        (thrown: unknown) => bridge.report("wm.answer", { id, answer: { ok: false, error: toErrorValue(thrown) } }),
      );
    });
  }

  async #run(command: WmCommand): Promise<WmAnswerValue> {
    if (command.type === "prompt-buttons") return { buttons: promptButtons(document) };
    const window = this.#parts.wm.getState().windows[command.window];
    if (window === undefined || !window.isMapped) {
      throw new AppError("window.not-found", `There is no window ${command.window}.`, { window: command.window });
    }
    switch (command.type) {
      case "move":
        return this.#move(command);
      case "screenshot":
        return this.#screenshot(command.window);
      default:
        this.#parts.commands[command.type](command.window);
        if (command.type !== "close") await this.#settled(command.window);
        return null;
    }
  }

  async #move({ window: id, x, y, width, height }: Extract<WmCommand, { type: "move" }>): Promise<WmAnswerValue> {
    const before = this.#parts.wm.getState().windows[id];
    if (before === undefined) throw new AppError("window.not-found", `There is no window ${id}.`, { window: id });
    if (width !== null && height !== null && before.frozen !== null) {
      throw new AppError("window.frozen", `Window ${id} is frozen: its program can not take another size.`, {
        window: id,
      });
    }
    if (before.isMinimized) this.#parts.wm.dispatch({ type: "restore", id });
    this.#parts.wm.dispatch({ type: "moveTo", id, x, y });
    if (width !== null && height !== null) {
      this.#parts.effects.requestSize(id, wholeCells({ width, height }, before.guest.hints));
      await this.#settled(id);
    }
    const state = this.#parts.wm.getState();
    const after = state.windows[id];
    if (after === undefined) throw new AppError("window.not-found", `Window ${id} is gone.`, { window: id });
    const content = contentOf(after, state.workArea);
    return { width: content.width, height: content.height };
  }

  /**
   * Waits until the program has drawn in the size that was requested, ANSWER_MS at most, and its window is shown where it is
   * to be: until then it is neither there nor where it was.
   */
  async #settled(id: WindowId): Promise<void> {
    const found = this.#parts.links.find(id);
    const answered = found?.session.configurerOf(found.surface.id)?.whenAnswered();
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, ANSWER_MS))]);
    await this.#arrived(id);
  }

  /** A program that does not draw has its time for it, which Effects ends. A window that has gone arrives nowhere. */
  #arrived(id: WindowId): Promise<void> {
    const { wm } = this.#parts;
    return new Promise((resolve) => {
      const look = (): void => {
        if (wm.getState().windows[id]?.isArriving === true) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = wm.subscribe(look);
      look();
    });
  }

  /** The window and its popups as far as they lie over it, in pixels of its buffer. */
  async #screenshot(id: WindowId): Promise<WmAnswerValue> {
    const png = await windowPicture(this.#parts, id, (_size, native) => native, true);
    if (png === null) throw new AppError("window.not-found", `Window ${id} has no frame to capture.`, { window: id });
    return png;
  }
}
