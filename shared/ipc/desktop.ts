/** The desktop as a whole: its window, its page, its end. */
import { z } from "zod";
import { doctorCheck } from "../model/doctor.ts";
import { MAX_FAILURE_DETAIL } from "../model/failed-part.ts";
import { launchItems } from "../model/launch-item.ts";
import { themeState } from "../model/theme.ts";
import { domain, event, question, report, request } from "./declare.ts";
import { chosenFiles, nothing, picture, vmId } from "./fields.ts";
import { placementsSchema } from "./layout.ts";
import { problems } from "./problem.ts";
import { knownMark } from "./prompt-mark.ts";
import { vmStatuses } from "./vm.ts";

const vmsOnQuit = z.enum(["keep", "stop"]);
/** What becomes of the VMs that run when the application ends. */
export type VmsOnQuit = z.infer<typeof vmsOnQuit>;

const desktopState = z.strictObject({
  vms: vmStatuses,
  problems,
  theme: themeState,
  promptMark: knownMark,
  /** What the person should know of how the application runs on this host. */
  warnings: z.array(z.string()),
  /** This is the first start of this home, and the person has not put the welcome away. */
  isWelcome: z.boolean(),
  /** What the last `placements.report` said, of this run of the application or of one before. */
  placements: placementsSchema,
});

const controlAction = z.enum(["minimize", "toggleMaximize", "toggleFullscreen", "close"]);
export type ControlAction = z.infer<typeof controlAction>;

export const desktopContract = domain({
  requests: {
    /** The page is ready for ports, events and questions. */
    "desktop.attach": request({ from: ["page"], input: nothing, output: desktopState }),
    "desktop.control": request({
      from: ["page"],
      input: z.strictObject({ action: controlAction }),
      output: z.null(),
    }),
    /** What Atoll needs of this machine, looked at now: as `atoll doctor` says it. */
    "desktop.doctor": request({ from: ["page"], input: nothing, output: z.array(doctorCheck) }),
    /** The person has put the welcome away. */
    "desktop.welcomed": request({ from: ["page"], input: nothing, output: z.null() }),
    /** Lets the person choose files of this computer, in its own dialog. null: they chose none. */
    "desktop.chooseFiles": request({
      from: ["page"],
      input: z.strictObject({ title: z.string().max(200), several: z.boolean() }),
      output: z.strictObject({ files: chosenFiles.nullable() }),
    }),
    "desktop.raise": request({ from: ["cli"], input: nothing, output: z.null(), waitsFor: "nothing" }),
    /** What somebody outside of Atoll has double-clicked; answered when it is under way. Raises the desktop. */
    "desktop.open": request({
      from: ["cli"],
      input: z.strictObject({ items: launchItems }),
      output: z.null(),
      waitsFor: "nothing",
    }),
    "desktop.screenshot": request({ from: ["cli"], input: nothing, output: picture }),
    /** Answered when the VMs have stopped, where they shall; the application ends when the answer has arrived. */
    "desktop.quit": request({
      from: ["page", "cli"],
      input: z.strictObject({
        vms: vmsOnQuit,
        /** The application that is installed by now starts in its place. */
        again: z.boolean().default(false),
      }),
      output: z.strictObject({ notStopped: z.array(z.string()) }),
    }),
  },
  reports: {
    /** A part of the page could not be drawn: for the log. `detail` may have words of a guest in it. */
    "desktop.partFailed": report({
      from: ["page"],
      input: z.strictObject({ part: z.string().max(100), detail: z.string().max(MAX_FAILURE_DETAIL) }),
    }),
  },
  events: {
    /** Another version was installed while this one runs, which can start nothing more: `desktop.quit` with `again`. */
    "desktop.replaced": event({ to: ["page"], payload: z.null() }),
  },
  questions: {
    /** The desktop's window shall close while these VMs run: what becomes of them? null: it stays open. */
    quit: question({
      payload: z.strictObject({ vms: z.array(vmId) }),
      answer: z.strictObject({ vms: vmsOnQuit, remember: z.boolean() }).nullable(),
    }),
    /** These VMs are shutting down, and Atoll ends after them. The answer is not to wait for that. */
    quitting: question({ payload: z.strictObject({ vms: z.array(vmId) }), answer: z.literal("quit-now") }),
  },
});
