/** What is asked of scanners, for the page and the `atoll` command alike. */
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { scanContract } from "#shared/ipc/scan.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { scanPath } from "./scan-path.ts";
import type { Scanner } from "./scanner.ts";

/** Between two events of progress. */
const PROGRESS_MS = 250;

interface Parts {
  application: Pick<Application, "vm">;
  scanner: Scanner;
}

export function scanHandlers({ application, scanner }: Parts): Handlers<typeof scanContract> {
  return {
    "scan.files": async ({ vm: reference, paths }, caller) => {
      const vm = application.vm(reference);
      const { name } = vm.definition;
      if (vm.state !== "running")
        throw new AppError("vm.not-running", `VM "${name}" is ${vm.state}: start it first.`, { vm: name });
      if (paths.some((one) => one.includes("\0")))
        throw new AppError("usage.bad-argument", "A path with a zero byte is no path.");
      if (!scanner.isThere)
        throw new AppError("scan.no-scanner", 'No scanner runs: "atoll service start antivirus" starts one.');
      const gone = new AbortController();
      if (caller.from === "cli") caller.connection.onClose(() => gone.abort(new Error("nobody waits for it any more")));
      let toldMs = -Infinity;
      const results: RequestOutput<"scan.files"> = [];
      for (const path of paths) {
        const before = results.length;
        const progress = (done: number, files: number): void => {
          if (caller.from !== "cli" || performance.now() - toldMs < PROGRESS_MS) return;
          toldMs = performance.now();
          caller.connection.notify("scan.progress", { done: before + done, files: before + files });
        };
        results.push(...(await scanPath(scanner, vm, path, { signal: gone.signal, progress })));
      }
      return results;
    },
  };
}
