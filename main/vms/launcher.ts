/** Starts programs in guests and lists applications: requests to a link, matched with its answers. */
import type { AppView } from "#shared/model/app.ts";
import { AppError } from "#shared/model/app-error.ts";
import { windowIdOf, type WindowId } from "#shared/model/window.ts";
import type { FromLink, ToLink } from "../link/contract.ts";
import { checkArgv } from "./argv.ts";
import type { Vm } from "./vm.ts";

const ANSWER_TIMEOUT_MS = 30_000;

let lastRequest = 0;

export type Program = { appId: string; files: string[] } | { argv: string[] };

/** Resolves when the program runs. `request` is what its windows name as their launch. */
export async function launch(vm: Vm, program: Program): Promise<{ pid: number; request: number }> {
  checkArgv("appId" in program ? program.files : program.argv);
  const what = "appId" in program ? program.appId : (program.argv[0] ?? "");
  const answer = await ask(vm, (request) => ({
    type: "launch",
    request,
    appId: "appId" in program ? program.appId : null,
    argv: "argv" in program ? program.argv : [],
    files: "appId" in program ? program.files : [],
  }));
  if (answer.type === "launched") return { pid: answer.pid, request: answer.request };
  if (answer.type === "requestFailed" && answer.code === "not-found") {
    throw new AppError(
      "app.not-found",
      `VM "${vm.definition.name}" has no program "${what}": "atoll app list ${vm.definition.name}" shows what it has.`,
      { vm: vm.definition.name, program: what },
    );
  }
  const detail = answer.type === "requestFailed" ? answer.detail : "";
  throw new AppError(
    "app.launch-failed",
    `"${what}" cannot be started in VM "${vm.definition.name}"${detail === "" ? "" : `: ${detail}`}.`,
    { vm: vm.definition.name, program: what, detail },
  );
}

export async function listApps(vm: Vm): Promise<AppView[]> {
  const answer = await ask(vm, (request) => ({ type: "listApps", request }));
  if (answer.type !== "apps") return [];
  return answer.apps.map(({ id, name, mimeTypes, categories }) => ({
    vm: vm.definition.name,
    id,
    name,
    mimeTypes,
    categories,
  }));
}

/**
 * The first new window of a launch, when it has its first picture: the one that names the launch, else the next new one
 * of the VM. Begin to wait before the launch. Rejects with app.no-window after `timeoutMs`, with vm.not-running when the
 * VM is lost before.
 */
export function waitForWindow(
  vm: Vm,
  timeoutMs: number,
): { found: (request: number) => Promise<WindowId>; cancel(): void } {
  const known = new Set(Array.from(vm.windows.values(), (window) => window.surface));
  let look = (): void => undefined;
  let lose = (): void => undefined;
  const stop = vm.on("link", (message) => {
    if (message.type === "painted") look();
    else if (message.type === "closed") lose();
  });
  return {
    cancel: stop,
    found: (request) =>
      new Promise((resolve, reject) => {
        const finish = (act: () => void): void => {
          clearTimeout(timer);
          stop();
          act();
        };
        const timer = setTimeout(() => {
          finish(() =>
            reject(
              new AppError(
                "app.no-window",
                `No window of it came up in VM "${vm.definition.name}" within ${timeoutMs / 1000} s; the program may still be starting.`,
                { vm: vm.definition.name },
              ),
            ),
          );
        }, timeoutMs);
        look = () => {
          const fresh = [...vm.windows.values()].filter(
            (window) => !known.has(window.surface) && vm.windows.hasPicture(window.surface),
          );
          const match =
            fresh.find((window) => window.launch === request) ?? fresh.find((window) => window.launch === null);
          if (match !== undefined) finish(() => resolve(windowIdOf(vm.id, match.surface)));
        };
        lose = () => finish(() => reject(lost(vm, "its window came up")));
        look();
      }),
  };
}

type Answer = Extract<FromLink, { request: number }>;

function ask(vm: Vm, make: (request: number) => ToLink): Promise<Answer> {
  const link = vm.requireLink();
  lastRequest += 1;
  const request = lastRequest;
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      stop();
      act();
    };
    const timer = setTimeout(() => {
      finish(() =>
        reject(
          new AppError(
            "vm.timeout",
            `VM "${vm.definition.name}" did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`,
            { vm: vm.definition.name },
          ),
        ),
      );
    }, ANSWER_TIMEOUT_MS);
    const stop = vm.on("link", (message) => {
      if ("request" in message && message.request === request) finish(() => resolve(message));
      else if (message.type === "closed") finish(() => reject(lost(vm, "it answered")));
    });
    link.send(make(request));
  });
}

function lost(vm: Vm, before: string): AppError {
  return new AppError("vm.not-running", `VM "${vm.definition.name}" was lost before ${before}.`, {
    vm: vm.definition.name,
  });
}
