/** What the channels of channels.ts carry. The page's input is parsed by these schemas in main; types are derived from them. */
import { z } from "zod";
import type { ErrorValue } from "../model/app-error.ts";
import { VM_ID_PATTERN, type VmId, type VmStatus } from "../model/vm.ts";
import type { WindowId } from "../model/window.ts";
import type { FileProblem } from "../model/yaml-file.ts";
import type { LINK_PORTS, ChannelOf } from "./channels.ts";

export const THEME_CHOICES = ["system", "dark", "light"] as const;

const vmId = z.custom<VmId>((value) => typeof value === "string" && VM_ID_PATTERN.test(value));
const windowId = z.custom<WindowId>((value) => typeof value === "string" && /^[0-9a-f]{8}\.[0-9]{1,10}$/.test(value));
const templateName = z.string().max(100);
const pixels = z.number().min(-100_000).max(100_000);
const rect = z.object({ x: pixels, y: pixels, width: pixels, height: pixels });

/** The desktop's window manager tells main where its windows are; DOM pixels of the page (main makes screen pixels of it). */
const layoutSchema = z.object({
  windows: z
    .array(
      z.object({
        id: windowId,
        content: rect,
        mode: z.enum(["normal", "maximized", "minimized", "fullscreen"]),
        focused: z.boolean(),
        frozen: z.boolean(),
        popups: z.array(rect).max(64),
      }),
    )
    .max(4096),
});
export type DesktopLayout = z.infer<typeof layoutSchema>;

/** Where windows are, as it is kept for the next start of the desktop; DOM pixels of the page. */
export const placementsSchema = z.object({
  /** Bottom to top. */
  windows: z
    .array(
      z.object({
        id: windowId,
        vm: vmId,
        appId: z.string().max(256),
        /** Content of the window while it is neither maximised nor tiled. */
        free: rect,
        placement: z.enum(["free", "maximized", "fullscreen", "left", "right", "screen"]),
        minimized: z.boolean(),
        focused: z.boolean(),
      }),
    )
    .max(4096),
  /** Where a person last put a window of these applications; the one put last comes last. */
  apps: z.array(z.object({ vm: vmId, appId: z.string().max(256), free: rect, keepsSize: z.boolean() })).max(1024),
});
export type Placements = z.infer<typeof placementsSchema>;

const errorValue = z.object({
  code: z.string(),
  message: z.string().max(4000),
  details: z.record(z.string(), z.unknown()),
});

export const requestSchemas = {
  "desktop.attach": z.object({}),
  "desktop.control": z.object({ action: z.enum(["minimize", "toggleMaximize", "toggleFullscreen", "close"]) }),
  /** Ends the application: a person's answer to `quit.asked`. The VMs stop, or go on without it; `remember`: never ask again. */
  "desktop.quit": z.object({ vms: z.enum(["keep", "stop"]), remember: z.boolean() }),
  /** Remembered in the settings. */
  "theme.choose": z.object({ choice: z.enum(THEME_CHOICES) }),
  "vm.start": z.object({ vm: vmId }),
  "vm.stop": z.object({ vm: vmId }),
  "vm.kill": z.object({ vm: vmId }),
  "vm.pause": z.object({ vm: vmId }),
  "vm.resume": z.object({ vm: vmId }),
  "template.list": z.object({}),
  /** Answered when it is built, at once when it is already; `template.progress` tells of the minutes between. */
  "template.build": z.object({ name: templateName }),
  /** Of a build that runs: its `template.build` is answered with template.cancelled, and nothing of it stays. */
  "template.cancel": z.object({ name: templateName }),
  "app.list": z.object({ vm: vmId.nullable() }),
  "app.run": z.object({ vm: vmId, appId: z.string().min(1).max(256) }),
} satisfies Record<ChannelOf<"request">, z.ZodType>;

export const reportSchemas = {
  "layout.report": layoutSchema,
  "placements.report": placementsSchema,
  /** The prompt of `quit.asked` is on the screen. Without this word the application ends and keeps the VMs running. */
  "quit.shown": z.object({}),
  /** A person took away a window that was frozen. */
  "window.dismissed": z.object({ window: windowId }),
  "wm.answer": z.object({
    id: z.int(),
    answer: z.discriminatedUnion("ok", [
      z.object({ ok: z.literal(true), value: z.unknown() }),
      z.object({ ok: z.literal(false), error: errorValue }),
    ]),
  }),
} satisfies Record<ChannelOf<"report">, z.ZodType>;

/** An application of a VM, from its desktop entries. */
export interface AppView {
  /** Name of the VM. */
  vm: string;
  id: string;
  name: string;
  mimeTypes: string[];
  categories: string[];
  /** It opens files of its types, and is not shown in menus. */
  hidden: boolean;
}

export interface TemplateView {
  name: string;
  description: string;
  built: boolean;
  /** null: not built. */
  sizeBytes: number | null;
  recipeHash: string;
}

export interface TemplateProgress {
  name: string;
  /** `wait`: another process builds it. */
  step: "wait" | "prepare" | "download" | "install" | "kernel" | "image" | "finish";
  /** Of the whole build, 0 to 1; never falls. null = unknown. */
  fraction: number | null;
  /** What is worked on now, mostly a package's name. */
  detail: string;
}

export interface DesktopState {
  vms: VmStatus[];
  /** Files of a person that are not used, because something is wrong with them. */
  problems: FileProblem[];
  theme: ThemeState;
  /** What the last `placements.report` said, of this run of the application or of one before. */
  placements: Placements;
}

export type Theme = "dark" | "light";
/** `system`: as the host's desktop has it. */
export type ThemeChoice = (typeof THEME_CHOICES)[number];
export interface ThemeState {
  choice: ThemeChoice;
  /** What is shown by it. */
  shown: Theme;
}

export interface RequestResults {
  "desktop.attach": DesktopState;
  "desktop.control": null;
  /** Comes at once; with "stop" the application ends when the VMs have stopped. */
  "desktop.quit": null;
  "theme.choose": null;
  "vm.start": null;
  "vm.stop": null;
  "vm.kill": null;
  "vm.pause": null;
  "vm.resume": null;
  "template.list": TemplateView[];
  "template.build": null;
  "template.cancel": null;
  "app.list": AppView[];
  "app.run": { pid: number };
}

/** main -> page: what the CLI asks of the window manager. Positions are DOM pixels of the page. */
export type WmCommand =
  | { type: "focus" | "close" | "minimize" | "maximize" | "restore" | "screenshot"; window: WindowId }
  | { type: "move"; window: WindowId; x: number; y: number; width: number | null; height: number | null };

/** After the program has drawn its answer to a new size (or one second). To `move` the size that it took; to `screenshot`: PNG bytes; to the others null. */
export type WmAnswerValue = null | { width: number; height: number } | Uint8Array;

export interface Events {
  "vm.changed": VmStatus[];
  "template.progress": TemplateProgress;
  "problems.changed": FileProblem[];
  /**
   * The desktop's window shall close while these VMs run: ask what becomes of them. Answer `quit.shown` when the prompt is
   * there, and `desktop.quit` with the person's choice; a prompt that is dismissed needs no answer. May come again.
   */
  "quit.asked": { vms: VmId[] };
  "wm.command": { id: number; command: WmCommand };
  "theme.changed": ThemeState;
}

export type RequestInput<Name extends ChannelOf<"request">> = z.infer<(typeof requestSchemas)[Name]>;
export type ReportInput<Name extends ChannelOf<"report">> = z.infer<(typeof reportSchemas)[Name]>;

/** Every request is answered with this; nothing is thrown across the bridge. */
export type Envelope<Value> = { ok: true; value: Value } | { ok: false; error: ErrorValue };

/** What preload exposes as `window.atoll`. */
export interface AtollBridge {
  request<Name extends ChannelOf<"request">>(
    name: Name,
    input: RequestInput<Name>,
  ): Promise<Envelope<RequestResults[Name]>>;
  report<Name extends ChannelOf<"report">>(name: Name, input: ReportInput<Name>): void;
  /** Returns a function that ends the subscription. */
  on<Name extends ChannelOf<"event">>(name: Name, listener: (payload: Events[Name]) => void): () => void;
}

/**
 * `window` message from preload: the page's ports of one VM's link: ports[0] LinkEvent/LinkCommand, ports[1] PixelEvent/PixelCommand
 * (to be handed to the compositor worker). A second one for the same VM replaces the first: the link process was started anew.
 */
export interface LinkPortsMessage {
  type: typeof LINK_PORTS;
  vm: VmId;
}
