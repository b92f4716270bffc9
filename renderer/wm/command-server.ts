/** Answers main's `wm.command`s: what scripts ask of the window manager. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Links } from "../vms/links.ts";
import type { Effects } from "./effects.ts";
import { clampSize } from "./geometry.ts";
import type { LayoutReporter } from "./layout-reporter.ts";
import type { Orders } from "./orders.ts";
import { contentOf } from "./state.ts";
import { dispatch, wmStore } from "./store.ts";
import { windowPicture } from "./window-picture.ts";

/** How long a program may take to draw the size that it was asked for. */
const ANSWER_MS = 1_000;

export class CommandServer {
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #orders: Orders;

  constructor(bridge: AtollBridge, links: Links, effects: Effects, orders: Orders, layout: LayoutReporter) {
    this.#links = links;
    this.#effects = effects;
    this.#orders = orders;
    bridge.on("wm.command", ({ id, command }) => {
      void this.#run(command).then(
        (value) => {
          layout.flush();
          bridge.report("wm.answer", { id, answer: { ok: true, value } });
        },
        (thrown: unknown) => bridge.report("wm.answer", { id, answer: { ok: false, error: toErrorValue(thrown) } }),
      );
    });
  }

  async #run(command: WmCommand): Promise<WmAnswerValue> {
    const window = wmStore.getState().windows[command.window];
    if (window === undefined || !window.isMapped) {
      throw new AppError("window.not-found", `There is no window ${command.window}.`, { window: command.window });
    }
    switch (command.type) {
      case "move":
        return this.#move(command);
      case "screenshot":
        return this.#screenshot(command.window);
      default:
        this.#orders[command.type](command.window);
        if (command.type !== "close") await this.#settled(command.window);
        return null;
    }
  }

  async #move({ window: id, x, y, width, height }: Extract<WmCommand, { type: "move" }>): Promise<WmAnswerValue> {
    const before = wmStore.getState().windows[id];
    if (before === undefined) throw new AppError("window.not-found", `There is no window ${id}.`, { window: id });
    if (width !== null && height !== null && before.frozen !== null) {
      throw new AppError("window.frozen", `Window ${id} is frozen: its program can not take another size.`, {
        window: id,
      });
    }
    if (before.isMinimized) dispatch({ type: "restore", id });
    dispatch({ type: "moveTo", id, x, y });
    if (width !== null && height !== null) {
      this.#effects.askSize(id, clampSize({ width, height }, before.guest.hints));
      await this.#settled(id);
    }
    const state = wmStore.getState();
    const after = state.windows[id];
    if (after === undefined) throw new AppError("window.not-found", `Window ${id} is gone.`, { window: id });
    const content = contentOf(after, state.workArea);
    return { width: content.width, height: content.height };
  }

  /** The program has drawn the size that it was asked for, or takes too long to be waited for. */
  async #settled(id: WindowId): Promise<void> {
    const found = this.#links.find(id);
    const answered = found?.session.configurerOf(found.surface.id)?.whenAnswered();
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, ANSWER_MS))]);
  }

  /** The window's surfaces, its popups as far as they lie over it, in pixels of its buffer. */
  async #screenshot(id: WindowId): Promise<WmAnswerValue> {
    const png = await windowPicture(this.#links, id, (_size, native) => native, true);
    if (png === null) throw new AppError("window.not-found", `Window ${id} has no picture.`, { window: id });
    return png;
  }
}
