/** What is asked of scanners, for the page and the `atoll` command alike. */
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { scanContract } from "#shared/ipc/scan.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import type { HostFilesOptions } from "../files/host-files.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { scanPaths } from "./scan-path.ts";
import type { Scanner } from "./scanner.ts";

/** Between two events of progress. */
const PROGRESS_MS = 250;

interface Parts {
  application: Pick<Application, "vm">;
  hostFiles: HostFilesOptions;
  scanner: Scanner;
}

export function scanHandlers({ application, hostFiles, scanner }: Parts): Handlers<typeof scanContract> {
  return {
    "scan.files": async ({ vm: reference, paths, alone = false }, caller) => {
      const vm = application.vm(reference);
      const { name } = vm.definition;
      if (vm.state !== "running")
        throw new AppError("vm.not-running", `VM "${name}" is ${vm.state}: start it first.`, { vm: name });
      if (paths.some((one) => one.includes("\0")))
        throw new AppError("usage.bad-argument", "Paths must not contain NUL bytes.");
      scanner.check();
      const gone = new AbortController();
      if (caller.from === "cli") caller.connection.onClose(() => gone.abort(new Error("nobody waits for it any more")));
      let toldMs = -Infinity;
      const results: RequestOutput<"scan.files"> = [];
      const bytes = paths.map((path) => Buffer.from(path.length > 1 ? path.replace(/\/+$/, "") || "/" : path));
      const progress = (done: number, files: number): void => {
        if (caller.from !== "cli" || performance.now() - toldMs < PROGRESS_MS) return;
        toldMs = performance.now();
        caller.connection.notify("scan.progress", { done: results.length + done, files: results.length + files });
      };
      const chosen = { party: { kind: "vm", vm }, paths: bytes } as const;
      for await (const { files } of scanPaths(scanner, hostFiles, chosen, { signal: gone.signal, progress, alone }))
        results.push(...files);
      return results;
    },
  };
}
