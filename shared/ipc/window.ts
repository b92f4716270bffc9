/** Windows on the desktop: what scripts see of them, and what they ask of the window manager. */
import { z } from "zod";
import { buttonName } from "./crossing.ts";
import { lastWindow } from "../model/last-windows.ts";
import { type Rect, type WindowView } from "../model/window.ts";
import { domain, event, report, request } from "./declare.ts";
import {
  coordinate,
  errorValue,
  nothing,
  picture,
  vmReference,
  windowId,
  windowMode,
  windowReference,
  windowSide,
} from "./fields.ts";

/** Physical pixels of the host's screen. */
const screenRect = { x: z.number(), y: z.number(), width: z.number(), height: z.number() };
const popups: z.ZodType<Rect[]> = z.array(z.strictObject(screenRect));
const windowView: z.ZodType<WindowView> = z.strictObject({
  id: windowId,
  vm: z.string(),
  title: z.string(),
  appId: z.string(),
  ...screenRect,
  state: windowMode,
  focused: z.boolean(),
  frozen: z.boolean(),
  kind: z.enum(["wayland", "x11"]),
  popups,
});

const windowOrder = request({
  from: ["cli"],
  input: z.strictObject({ window: windowReference }),
  output: windowView,
});

const MAX_PROMPT_BUTTONS = 40;
/** DOM pixels of the page. */
const promptButton = z.strictObject({
  /** Of a crossing, or a card; none of the other prompts is named. */
  prompt: z.int(),
  name: buttonName,
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  enabled: z.boolean(),
});
export type PromptButtonPlace = z.infer<typeof promptButton>;

/** What main asks of the page's window manager. Positions are DOM pixels of the page. */
const wmCommand = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.enum(["focus", "close", "minimize", "maximize", "restore", "screenshot"]),
    window: windowId,
  }),
  z.strictObject({
    type: z.literal("move"),
    window: windowId,
    x: z.number(),
    y: z.number(),
    width: z.number().nullable(),
    height: z.number().nullable(),
  }),
  /** Where the buttons of the prompt on the screen are. */
  z.strictObject({ type: z.literal("prompt-buttons") }),
]);
export type WmCommand = z.infer<typeof wmCommand>;

/** To `move` the size that the program took; to `screenshot`: PNG bytes; to `prompt-buttons` these; to the others null. */
const wmAnswerValue = z.union([
  z.null(),
  z.strictObject({ width: z.number(), height: z.number() }),
  z.strictObject({ buttons: z.array(promptButton).max(MAX_PROMPT_BUTTONS) }),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
]);
export type WmAnswerValue = z.infer<typeof wmAnswerValue>;

export const windowContract = domain({
  requests: {
    "window.list": request({ from: ["cli"], input: nothing, output: z.array(windowView) }),
    "window.focus": windowOrder,
    "window.close": windowOrder,
    "window.minimize": windowOrder,
    "window.maximize": windowOrder,
    "window.restore": windowOrder,
    "window.move": request({
      from: ["cli"],
      input: z.strictObject({
        window: windowReference,
        x: coordinate,
        y: coordinate,
        width: windowSide.nullable(),
        height: windowSide.nullable(),
      }),
      output: windowView,
    }),
    "window.screenshot": request({
      from: ["cli"],
      input: z.strictObject({ window: windowReference }),
      output: picture,
    }),
    /** Of VMs in which nothing has been opened since they last ran. */
    "window.last": request({
      from: ["page", "cli"],
      input: nothing,
      /** `vm`: a name. */
      output: z.array(z.strictObject({ vm: z.string(), windows: z.array(lastWindow) })),
    }),
    /** Starts the VM where it is off, and in it the programs that showed its last windows. */
    "window.reopen": request({
      from: ["page", "cli"],
      input: z.strictObject({ vm: vmReference }),
      /** Names of programs; `missing`: those that the guest has no more, or that did not start. */
      output: z.strictObject({ opened: z.array(z.string()), missing: z.array(z.string()) }),
    }),
  },
  reports: {
    /** A person took away a window that was frozen. */
    "window.dismissed": report({ from: ["page"], input: z.strictObject({ window: windowId }) }),
    /** Of `wm.command`, after the program has drawn its answer to a new size (or one second). */
    "wm.answer": report({
      from: ["page"],
      input: z.strictObject({
        id: z.int(),
        answer: z.discriminatedUnion("ok", [
          z.strictObject({ ok: z.literal(true), value: wmAnswerValue }),
          z.strictObject({ ok: z.literal(false), error: errorValue }),
        ]),
      }),
    }),
  },
  events: {
    "wm.command": event({ to: ["page"], payload: z.strictObject({ id: z.int(), command: wmCommand }) }),
  },
});
