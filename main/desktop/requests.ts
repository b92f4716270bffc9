/** The desktop as a whole and what is wrong with a person's files, for the page and the `atoll` command. */
import type { desktopContract } from "#shared/ipc/desktop.ts";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import type { problemContract } from "#shared/ipc/problem.ts";
import { MAX_FAILURE_DETAIL } from "#shared/model/failed-part.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { Application } from "../application.ts";
import { log } from "../base/log.ts";
import { asPicture } from "../windows/picture.ts";
import type { ChosenFiles } from "../files/chosen-files.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { PromptMarkFile } from "../settings/prompt-mark-file.ts";
import type { ThemePort } from "../settings/theme.ts";
import type { PlacementsFile } from "../windows/placements-file.ts";
import type { Launches } from "./launches.ts";
import type { Quitting } from "./quitting.ts";
import type { Welcome } from "./welcome.ts";

interface Parts {
  application: Application;
  chosenFiles: ChosenFiles;
  /** Looks at what Atoll needs of this machine. */
  doctor: () => Promise<DoctorCheck[]>;
  launches: Launches;
  placements: PlacementsFile;
  promptMark: PromptMarkFile;
  quitting: Quitting;
  theme: ThemePort;
  /** What the person should know of how the application runs on this host. */
  warnings: readonly string[];
  welcome: Welcome;
}

export function desktopHandlers({
  application,
  chosenFiles,
  doctor,
  launches,
  placements,
  promptMark,
  quitting,
  theme,
  warnings,
  welcome,
}: Parts): Handlers<typeof desktopContract> {
  return {
    "desktop.attach": (_input, caller) => {
      application.desktop.pageReady();
      application.windowsShown([]);
      application.focus.reported(null);
      // The page knows the VMs when their ports come.
      caller.afterAnswer(() => application.vms.forEach((vm) => vm.attachPage()));
      return {
        vms: application.statuses,
        problems: application.problems,
        theme: theme.state(),
        promptMark: promptMark.current,
        warnings: [...warnings],
        isWelcome: welcome.isWanted,
        placements: placements.current,
      };
    },
    "desktop.control": ({ action }) => {
      application.desktop.control(action);
      return null;
    },
    "desktop.doctor": () => doctor(),
    "desktop.welcomed": () => {
      welcome.putAway();
      return null;
    },
    "desktop.chooseFiles": async (wanted) => {
      const paths = await application.desktop.chooseFiles(wanted);
      return { files: paths.length === 0 ? null : chosenFiles.add(paths) };
    },
    "desktop.raise": () => {
      application.desktop.raise();
      return null;
    },
    "desktop.open": ({ items }) => {
      launches.add(items);
      return null;
    },
    "desktop.screenshot": async () => asPicture(await application.desktop.screenshot()),
    "desktop.quit": async ({ vms, again }, caller) => {
      const notStopped = vms === "stop" ? await quitting.stopVms() : [];
      caller.afterAnswer(() => void quitting.quit("keep", again));
      return { notStopped };
    },
    "desktop.partFailed": ({ part, detail }) =>
      log(`the desktop: ${escapeForLog(part)} has failed: ${escapeForLog(detail, MAX_FAILURE_DETAIL)}`),
  };
}

export function problemHandlers({ application }: Pick<Parts, "application">): Handlers<typeof problemContract> {
  return { "problem.list": () => application.problems };
}
