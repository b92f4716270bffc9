/** Reads the beginning of a file of a guest, for the person to look at. */
import { AppError } from "#shared/model/app-error.ts";
import { waitFor } from "../base/waiting.ts";
import { Exec } from "../vms/exec.ts";
import type { ReadGuestFile } from "./comparisons.ts";

const TIMEOUT_MS = 15_000;

export const readGuestFile: ReadGuestFile = (vm, path, maxBytes) => {
  const name = Buffer.from(path).toString("utf8");
  const failed = (): AppError =>
    new AppError("open.not-comparable", `VM "${vm.definition.name}" has not given the file: look there.`);
  const exec = new Exec(vm, ["head", "-c", String(maxBytes), "--", name], null);
  exec.endInput();
  const chunks: Uint8Array[] = [];
  let length = 0;
  return waitFor<Uint8Array>({
    listen: ({ resolve, reject }) => {
      const stops = [
        exec.on("output", (stream, bytes) => {
          exec.grant(stream, bytes.length);
          // A guest may send more than it was asked for.
          if (stream !== "stdout" || length >= maxBytes) return;
          chunks.push(bytes.subarray(0, maxBytes - length));
          length += bytes.length;
        }),
        exec.on("exited", ({ code, signal }) => {
          if (code === 0 && signal === 0) resolve(Buffer.concat(chunks));
          else reject(failed());
        }),
        exec.on("failed", reject),
      ];
      return () => stops.forEach((stop) => stop());
    },
    timeoutMs: TIMEOUT_MS,
    onTimeout: ({ reject }) => {
      exec.signal(9);
      reject(failed());
    },
  });
};
