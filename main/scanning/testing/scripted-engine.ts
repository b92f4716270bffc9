/** An engine for whose program, and for whose VM's agent, a test speaks. */
import type { LinkedVm } from "../../clipboard/testing/linked-vm.ts";
import { DIGEST } from "../../files/testing/files-desk.ts";
import type { Engine } from "../engine.ts";
import type { Quarantine } from "../quarantine.ts";

export const SHA = Buffer.from(DIGEST).toString("hex");
export const ENGINE = { name: "ClamAV", version: "1.4", signatures: "set-1" };

export class ScriptedEngine implements Engine {
  readonly name: string;
  readonly linked: LinkedVm;
  readonly asked: unknown[] = [];
  identity = { ...ENGINE };
  answers: (input: { scan: { path: string; sha256: string; bytes: number } }, signal: AbortSignal) => unknown = () =>
    clean();
  readonly isReady = true;
  becomesReady: Promise<void> = Promise.resolve();
  /** Until then it has not removed what it was told to. */
  drops: Promise<void> = Promise.resolve();

  constructor(linked: LinkedVm, name = "antivirus") {
    [this.linked, this.name] = [linked, name];
  }

  get vm(): LinkedVm["vm"] {
    return this.linked.vm;
  }

  kept: ReadonlySet<string> | null = null;
  alone: Engine["alone"] = null;

  ready(): Promise<void> {
    return this.becomesReady;
  }

  async job(input: unknown, signal: AbortSignal): Promise<unknown> {
    this.asked.push(input);
    if (typeof input === "object" && input !== null && "drop" in input) await this.drops;
    return typeof input === "object" && input !== null && !("scan" in input)
      ? {}
      : this.answers(input as never, signal);
  }

  get scans(): unknown[] {
    return this.asked.filter((input) => typeof input === "object" && input !== null && "scan" in input);
  }
}

/** What it answers about the file whose digest is DIGEST. */
export const clean = (more: object = {}): object => ({
  ...{ sha256: SHA, bytes: 8, engine: ENGINE, verdict: "clean", signature: null, reason: null },
  ...more,
});

/** For scans of which nothing is kept. */
export const KEEPS_NOTHING: Pick<Quarantine, "begin"> = {
  begin: () => ({ verdicts: [], keyFor: () => null, end: () => undefined }),
};
