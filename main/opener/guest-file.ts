/** Reads the beginning of a file of a guest, for the person to look at. */
import { AppError } from "#shared/model/app-error.ts";
import { runInGuest } from "../vms/guest-command.ts";
import type { ReadGuestFile } from "./comparisons.ts";

const TIMEOUT_MS = 15_000;

export const readGuestFile: ReadGuestFile = async (vm, path, maxBytes) => {
  const name = Buffer.from(path).toString("utf8");
  const argv = ["head", "-c", String(maxBytes), "--", name];
  const { how, untrustedOutput } = await runInGuest(vm, argv, { maxBytes, timeoutMs: TIMEOUT_MS });
  if (how === "done") return untrustedOutput;
  throw new AppError("open.not-comparable", `VM "${vm.definition.name}" has not given the file: look there.`);
};
