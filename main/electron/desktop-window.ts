/** The desktop's window and page: the adapter of main/windows/desktop.ts. */
import { BrowserWindow, dialog, screen, type WebContents } from "electron";
import path from "node:path";
import type { ControlAction } from "#shared/ipc/desktop.ts";
import type { DesktopLayout } from "#shared/ipc/layout.ts";
import type { PromptButtonPlace, WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { ThemeState } from "#shared/model/theme.ts";
import { AnswerWatch } from "../base/answer-watch.ts";
import { Backoff } from "../base/backoff.ts";
import { log } from "../base/log.ts";
import type { Page } from "../ipc/page.ts";
import type { OutputInfo } from "../link/contract.ts";
import type { Desktop, FilesWanted, PlacedWindow } from "../windows/desktop.ts";
import { type PagePlace, rectToScreen, toPage, toScreen } from "../windows/screen-pixels.ts";
import type { WindowCommands } from "../windows/window-commands.ts";
import { PAGE_URL } from "./app-protocol.ts";

const BACKGROUND: Readonly<Record<ThemeState["shown"], string>> = { dark: "#0b1a24", light: "#e6efee" };

interface Parts {
  /** Is notified when there is a page in the window, and when there is none. */
  page: Page;
  commands: WindowCommands;
  /** Shown until the page is there. */
  theme: ThemeState["shown"];
}

export class DesktopWindow implements Desktop {
  readonly #window: BrowserWindow;
  readonly #page: Page;
  readonly #commands: WindowCommands;
  readonly #backoff = new Backoff();
  /** A page that waits for ever shows the desktop as it was, and takes no input: Chromium itself sees that at a press of a key only. */
  readonly #watch = new AnswerWatch({
    ask: async () => {
      if (!this.#window.isDestroyed()) await this.#window.webContents.mainFrame.executeJavaScript("0");
    },
    hung: () => this.#end(),
  });
  #layout: DesktopLayout = { windows: [] };

  constructor({ page, commands, theme }: Parts) {
    this.#page = page;
    this.#commands = commands;
    const { workArea } = screen.getPrimaryDisplay();
    this.#window = new BrowserWindow({
      ...workArea,
      frame: false,
      show: false,
      title: "Atoll",
      backgroundColor: BACKGROUND[theme],
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
    webContents.session.setPermissionRequestHandler((_contents, permission, answer) =>
      answer(permission === "pointerLock"),
    );
    webContents.session.setPermissionCheckHandler(() => false);
    webContents.on("did-start-navigation", ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.#gone();
    });
    webContents.on("did-navigate", () => this.#watch.start());
    webContents.on("render-process-gone", (_event, { reason }) => {
      this.#gone();
      if (reason === "clean-exit") return log("the desktop's page ended");
      const waitMs = this.#backoff.nextDelayMs(performance.now());
      log(`the desktop's page ended (${reason}); it is opened again in ${waitMs / 1_000} s`);
      setTimeout(() => void this.#openAgain(), waitMs);
    });
    const show = (): void => {
      if (!this.#window.isDestroyed() && !this.#window.isVisible()) this.raise();
    };
    this.#window.once("ready-to-show", show);
    // Under Wayland nothing is painted in a window that was never shown, and so it is never ready (electron/electron#48859).
    webContents.once("did-finish-load", show);
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
    return this.#page.isAttached && !this.#window.isDestroyed() ? this.#window.webContents : null;
  }

  pageReady(): void {
    this.#page.attached((channel, ...content) => this.contents?.send(channel, ...content));
  }

  raise(): void {
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  control(action: ControlAction): void {
    if (action === "minimize") this.#window.minimize();
    else if (action === "close") this.#window.close();
    else if (action === "toggleFullscreen") this.#window.setFullScreen(!this.#window.isFullScreen());
    else if (this.#window.isMaximized()) this.#window.unmaximize();
    else this.#window.maximize();
  }

  layoutReported(layout: DesktopLayout): void {
    this.#layout = layout;
  }

  layout(): PlacedWindow[] {
    return toScreen(this.#layout, this.#place());
  }

  command(command: WmCommand): Promise<WmAnswerValue> {
    return this.#commands.run(toPage(command, this.#place()));
  }

  async promptButtons(): Promise<PromptButtonPlace[]> {
    const value = await this.#commands.run({ type: "prompt-buttons" });
    if (value === null || !("buttons" in value)) throw new AppError("internal", "The desktop returned no buttons.");
    const place = this.#place();
    return value.buttons.map((button) => ({ ...button, ...rectToScreen(button, place) }));
  }

  async chooseFiles({ title, several }: FilesWanted): Promise<string[]> {
    const { filePaths } = await dialog.showOpenDialog(this.#window, {
      title,
      properties: ["openFile", ...(several ? (["multiSelections"] as const) : [])],
    });
    return filePaths;
  }

  async screenshot(): Promise<Uint8Array> {
    return (await this.#window.webContents.capturePage()).toPNG();
  }

  #gone(): void {
    this.#watch.stop();
    this.#page.gone();
  }

  /** Its process is ended, so that another page is opened. Nothing is lost: windows are the VMs', their places are kept here. */
  #end(): void {
    if (this.#window.isDestroyed()) return;
    const { webContents } = this.#window;
    // Somebody who debugs it has it stand still.
    if (webContents.isDevToolsOpened()) return this.#watch.start();
    log("the desktop's page does not answer: its process is ended");
    process.kill(webContents.getOSProcessId(), "SIGKILL");
  }

  async #openAgain(): Promise<void> {
    if (this.#window.isDestroyed()) return;
    // One that ends while it loads comes here again.
    await this.open().catch((error: unknown) => log(`the desktop's page does not open: ${messageOf(error)}`));
  }

  #place(): PagePlace {
    const bounds = this.#window.getContentBounds();
    return { origin: bounds, scale: screen.getDisplayMatching(bounds).scaleFactor };
  }
}

/** The screen that is reported to guests. */
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
