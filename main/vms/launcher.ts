/** Starts programs in guests, waits for their windows, and lists applications. */
import type { AppView } from "#shared/model/app.ts";
import { AppError } from "#shared/model/app-error.ts";
import { type GuestWindow, windowIdOf, type WindowId } from "#shared/model/window.ts";
import { waitFor } from "../base/waiting.ts";
import type { ProgramEnd } from "../link/contracts/launches.ts";
import { apps } from "./services/apps.ts";
import { launches, type Program } from "./services/launches.ts";
import { lostError } from "./services/pending-requests.ts";
import type { Vm } from "./vm.ts";

export type { Program };

/**
 * How long a program may take for its first window, where nobody has said so. On a busy machine an emulated VM needs most of it
 * alone to boot: two of them took 115 s on two processors with 18 programs that wanted to run.
 */
export const FIRST_WINDOW_MS = 180_000;

/** Resolves when the program runs. `request` is what its windows name as their launch. */
export function launch(vm: Vm, program: Program): Promise<{ pid: number; request: number }> {
  return vm.service(launches).launch(program);
}

export async function listApps(vm: Vm): Promise<AppView[]> {
  const found = await vm.service(apps).list();
  return found.map((app) => ({ vm: vm.definition.name, ...app }));
}

/**
 * The first new window of a launch, once it is there for the window manager: the one that names the launch, else the next
 * new one of the VM that names none. Begin to wait before the launch. Rejects with app.no-window after `timeoutMs`, with
 * app.launch-failed when the program has ended badly before, with vm.not-running when the VM is lost.
 *
 * @param fromRunning where there is none of these, a new one of a launch that has windows already: a program that runs opens what
 *   another start of it was given
 */
export function waitForWindow(
  vm: Vm,
  timeoutMs: number,
  { fromRunning = false }: { fromRunning?: boolean } = {},
): { found: (request: number) => Promise<WindowId> } {
  const before = [...vm.windows.values()];
  const known = new Set(before.map(({ surface }) => surface));
  const running = new Set(fromRunning ? before.map(({ launch: answers }) => answers) : []);
  const { name } = vm.definition;
  const matchOf = (request: number): GuestWindow | undefined => {
    const fresh = [...vm.windows.values()].filter(({ surface }) => !known.has(surface));
    // A window that names the launch is waited for, also where another one is there already.
    const named = fresh.find((window) => window.launch === request);
    const candidates =
      named === undefined
        ? [
            ...fresh.filter(({ launch: answers }) => answers === null),
            ...fresh.filter(({ launch: answers }) => answers !== null && running.has(answers)),
          ]
        : [named];
    return candidates.find(({ surface }) => vm.windows.isThere(surface));
  };
  const programs = vm.service(launches);
  const found = (request: number): Promise<WindowId> =>
    waitFor<WindowId>({
      listen: ({ resolve, reject }) => {
        const look = (): void => {
          const match = matchOf(request);
          if (match !== undefined) return resolve(windowIdOf(vm.id, match.surface));
          const end = programs.endOf(request);
          if (end !== null) reject(endedError(name, end));
        };
        const stops = [
          vm.windows.on("changed", look),
          programs.on("ended", look),
          vm.windows.on("lost", () => reject(lostError(name, "its window came up"))),
        ];
        look();
        return () => {
          for (const stop of stops) stop();
        };
      },
      timeoutMs,
      onTimeout: ({ reject }) => {
        const message = `No window of it came up in VM "${name}" within ${timeoutMs / 1000} s; the program may still be starting.`;
        reject(new AppError("app.no-window", message, { vm: name }));
      },
    });
  return { found };
}

function endedError(vm: string, { code, signal }: ProgramEnd): AppError {
  const how = signal === 0 ? `with exit code ${code}` : `by signal ${signal}`;
  const message = `The program ended ${how} in VM "${vm}" before it had a window.`;
  return new AppError("app.launch-failed", message, { vm, exitCode: code, signal });
}
