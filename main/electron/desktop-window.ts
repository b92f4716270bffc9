/** The desktop's window and page: the adapter of main/windows/desktop.ts. */
import { BrowserWindow, nativeTheme, screen, type WebContents } from "electron";
import path from "node:path";
import type { ChannelOf } from "#shared/ipc/channels.ts";
import type {
  DesktopLayout,
  Events,
  ReportInput,
  Theme,
  ThemeState,
  WmAnswerValue,
  WmCommand,
} from "#shared/ipc/contract.ts";
import { AppError, type ErrorValue, fromErrorValue } from "#shared/model/app-error.ts";
import type { Rect } from "#shared/model/window.ts";
import { Backoff } from "../base/backoff.ts";
import { log } from "../base/log.ts";
import type { OutputInfo } from "../link/contract.ts";
import type { Desktop, PlacedWindow } from "../windows/desktop.ts";
import { PAGE_URL } from "./app-protocol.ts";

/** Longest that the page may take for a command. */
const ANSWER_TIMEOUT_MS = 5_000;
const BACKGROUND: Readonly<Record<Theme, string>> = { dark: "#0b1a24", light: "#e6efee" };

interface Pending {
  resolve(value: WmAnswerValue): void;
  reject(error: AppError): void;
}

export class DesktopWindow implements Desktop {
  readonly #window: BrowserWindow;
  readonly #backoff = new Backoff();
  readonly #pending = new Map<number, Pending>();
  #lastCommand = 0;
  #layout: DesktopLayout = { windows: [] };
  /** The page has asked for its state: it is ready for ports and events. */
  #isAttached = false;

  constructor() {
    const { workArea } = screen.getPrimaryDisplay();
    this.#window = new BrowserWindow({
      ...workArea,
      frame: false,
      show: false,
      title: "Atoll",
      backgroundColor: BACKGROUND[themeState().shown],
      webPreferences: {
        preload: path.join(import.meta.dirname, "../preload/index.cjs"),
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
        // A desktop that is covered goes on: guests' windows are its content.
        backgroundThrottling: false,
      },
    });
    const { webContents } = this.#window;
    webContents.setWindowOpenHandler(() => ({ action: "deny" }));
    webContents.on("will-navigate", (event) => event.preventDefault());
    webContents.on("will-attach-webview", (event) => event.preventDefault());
    webContents.session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
    webContents.session.setPermissionCheckHandler(() => false);
    webContents.on("did-start-navigation", ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.#isAttached = false;
    });
    webContents.on("render-process-gone", (_event, { reason }) => {
      this.#isAttached = false;
      if (reason === "clean-exit") return log("the desktop's page ended");
      const waitMs = this.#backoff.nextDelayMs(performance.now());
      log(`the desktop's page ended (${reason}); it is opened again in ${waitMs / 1_000} s`);
      setTimeout(() => void this.#openAgain(), waitMs);
    });
    nativeTheme.on("updated", () => this.send("theme.changed", themeState()));
    this.#window.once("ready-to-show", () => this.raise());
  }

  async open(): Promise<void> {
    await this.#window.loadURL(PAGE_URL);
  }

  /** A person wants it closed; it stays until the application ends. */
  onClosing(listener: () => void): void {
    this.#window.on("close", (event) => {
      event.preventDefault();
      listener();
    });
  }

  /** The page, if it is ready. */
  get contents(): WebContents | null {
    return this.#isAttached && !this.#window.isDestroyed() ? this.#window.webContents : null;
  }

  attached(): void {
    this.#isAttached = true;
  }

  raise(): void {
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  control(action: "minimize" | "toggleMaximize" | "toggleFullscreen" | "close"): void {
    if (action === "minimize") this.#window.minimize();
    else if (action === "close") this.#window.close();
    else if (action === "toggleFullscreen") this.#window.setFullScreen(!this.#window.isFullScreen());
    else if (this.#window.isMaximized()) this.#window.unmaximize();
    else this.#window.maximize();
  }

  send<Name extends ChannelOf<"event">>(name: Name, payload: Events[Name]): void {
    this.contents?.send(name, payload);
  }

  reportLayout(layout: DesktopLayout): void {
    this.#layout = layout;
  }

  layout(): PlacedWindow[] {
    const { origin, scale } = this.#place();
    const toScreen = (rect: Rect): Rect => ({
      x: Math.round((origin.x + rect.x) * scale),
      y: Math.round((origin.y + rect.y) * scale),
      width: Math.round(rect.width * scale),
      height: Math.round(rect.height * scale),
    });
    return this.#layout.windows.map((window) => ({
      ...window,
      content: toScreen(window.content),
      popups: window.popups.map(toScreen),
    }));
  }

  command(command: WmCommand): Promise<WmAnswerValue> {
    if (this.contents === null)
      return Promise.reject(new AppError("desktop.not-ready", "The desktop is not ready yet: try again in a moment."));
    this.#lastCommand += 1;
    const id = this.#lastCommand;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(
          new AppError("window.timeout", `The desktop did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`, {
            command: command.type,
          }),
        );
      }, ANSWER_TIMEOUT_MS);
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        act();
      };
      this.#pending.set(id, {
        resolve: (value) => done(() => resolve(value)),
        reject: (error) => done(() => reject(error)),
      });
      this.send("wm.command", { id, command: this.#toPage(command) });
    });
  }

  answered({ id, answer }: ReportInput<"wm.answer">): void {
    const pending = this.#pending.get(id);
    if (answer.ok) pending?.resolve(answer.value as WmAnswerValue);
    else pending?.reject(fromErrorValue(answer.error as ErrorValue));
  }

  async screenshot(): Promise<Uint8Array> {
    return (await this.#window.webContents.capturePage()).toPNG();
  }

  async #openAgain(): Promise<void> {
    if (this.#window.isDestroyed()) return;
    // One that ends while it loads comes here again.
    await this.open().catch((error: unknown) => log(`the desktop's page does not open: ${String(error)}`));
  }

  #toPage(command: WmCommand): WmCommand {
    if (command.type !== "move") return command;
    const { origin, scale } = this.#place();
    const length = (pixels: number | null): number | null => (pixels === null ? null : pixels / scale);
    return {
      ...command,
      x: command.x / scale - origin.x,
      y: command.y / scale - origin.y,
      width: length(command.width),
      height: length(command.height),
    };
  }

  /** Where the page lies on the screen (DIP), and physical pixels for each DIP. */
  #place(): { origin: { x: number; y: number }; scale: number } {
    const bounds = this.#window.getContentBounds();
    return { origin: bounds, scale: screen.getDisplayMatching(bounds).scaleFactor };
  }
}

export function themeState(): ThemeState {
  return { choice: nativeTheme.themeSource, shown: nativeTheme.shouldUseDarkColors ? "dark" : "light" };
}

/** The screen that guests are told of. */
export function primaryOutput(): OutputInfo {
  const display = screen.getPrimaryDisplay();
  const { width, height } = display.size;
  const scale = display.scaleFactor;
  return {
    width: Math.round(width * scale),
    height: Math.round(height * scale),
    scale120: Math.round(scale * 120),
    refreshMhz: Math.round((display.displayFrequency || 60) * 1000),
  };
}
