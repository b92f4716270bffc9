/** Transfers whose both ends are files of the host: the real program, by real links in workers, without guests. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Transfers } from "../../main/files/transfers.ts";
import { agentFolder } from "../../scripts/setup/agent.mjs";
import { WorkerLink } from "./worker-link.ts";

const ALLOWED = { allowed: true, by: "rule", rule: null, explanation: "", seq: null } as const;

export class HostTransfers {
  readonly transfers: Transfers;
  /** Of all ends so far. */
  readonly links: WorkerLink[] = [];
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll files "));

  constructor() {
    // Its process id is kept, in the file "pids", so that a test can kill it.
    const program = this.at("program");
    const real = path.join(agentFolder(), "atoll-files");
    fs.writeFileSync(program, `#!/bin/sh\necho $$ >> '${this.at("pids")}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
    this.transfers = new Transfers({
      crossings: { request: () => Promise.resolve(ALLOWED), ended: () => Promise.resolve() },
      policy: {
        decide: () => {
          const answer = { decision: "allow", rule: null, explanation: "" } as const;
          return { decision: "allow", rule: null, refusal: null, answer };
        },
        on: () => () => undefined,
        state: "in-force",
      },
      host: {
        spawn: () => {
          const link = new WorkerLink();
          this.links.push(link);
          return link;
        },
        program,
      },
      scanner: { scan: () => Promise.resolve(new Map()) },
      file: { read: () => [], write: () => undefined },
      vm: () => undefined,
    });
  }

  /** A path in a folder of the test's own. */
  at(...names: string[]): string {
    return path.join(this.#folder, ...names);
  }

  /** Starts a transfer. @returns its number */
  copy(source: string, target: string): number {
    return this.transfers.start({
      source: { party: { kind: "host" }, paths: [Buffer.from(this.at(source))] },
      target: { kind: "host" },
      destination: { kind: "path", path: Buffer.from(this.at(target)) },
      permission: { kind: "ask" },
    }).id;
  }

  /** How many files and folders ended in which way, once all have. */
  async outcomes(id: number): Promise<Record<string, number>> {
    const { files } = await this.transfers.get(id).done;
    const counts: Record<string, number> = {};
    for (const { outcome } of files) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  remove(): void {
    fs.rmSync(this.#folder, { recursive: true });
  }
}
