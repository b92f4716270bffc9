/** Transfers between two VMs for whose agents a test speaks, with a policy that says what the test wants. */
import type { PolicyDecision } from "#shared/model/policy.ts";
import { FileKind, FileOutcome, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import type { WireMessageInit, WireMessageName, WireMessageOf } from "#shared/protocol/header.ts";
import { Emitter } from "../../base/emitter.ts";
import { type LinkedVm, linkedVm } from "../../clipboard/testing/linked-vm.ts";
import type { CrossingEnd, CrossingOutcome, CrossingRequest } from "../../crossings/crossing-request.ts";
import type { Crossing } from "../../policy/crossing.ts";
import type { Policy, PolicyDecided } from "../../policy/policy.ts";
import type { FileScanner } from "../file-scanner.ts";
import type { FilesDestination, TransferRequest } from "../transfer.ts";
import type { TransferRecord } from "../transfer-record.ts";
import { Transfers, type TransfersParts } from "../transfers.ts";
import type { KeptTransfer } from "../transfers-file.ts";

export const DIGEST = new Uint8Array(32).fill(7);
const NONE = new Uint8Array(0);
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const ALLOWED: CrossingOutcome = { allowed: true, by: "rule", rule: null, explanation: "", seq: 5 };

export function decided(decision: PolicyDecision, refusal: PolicyDecided["refusal"] = null): PolicyDecided {
  const answer = { decision, rule: { line: 9, text: "all of it" }, explanation: "Line 9 says so." };
  return { decision, rule: null, refusal, answer };
}

class DeskPolicy extends Emitter<{ changed: [] }> {
  /** As the rules are now, of what was allowed before. */
  decide: (crossing: Crossing) => PolicyDecided = () => decided("allow");
  state: Policy["state"] = "in-force";
}

export class FilesDesk {
  readonly transfers: Transfers;
  readonly home: LinkedVm;
  readonly web: LinkedVm;
  readonly policy = new DeskPolicy();
  readonly asked: CrossingRequest[] = [];
  readonly told: CrossingEnd[] = [];
  /** What the file has. */
  kept: readonly KeptTransfer[] = [];
  /** How the policy answers. */
  answer: (request: CrossingRequest, signal: AbortSignal | undefined) => Promise<CrossingOutcome> = () =>
    Promise.resolve(ALLOWED);

  /** What the scanners say. */
  scans: FileScanner["scan"] = () => Promise.resolve(new Map());

  private constructor(home: LinkedVm, web: LinkedVm) {
    [this.home, this.web] = [home, web];
    this.transfers = new Transfers(this.parts);
  }

  static async open(): Promise<FilesDesk> {
    return new FilesDesk(await linkedVm("home"), await linkedVm("web"));
  }

  get parts(): TransfersParts {
    return {
      crossings: {
        request: (request, options) => {
          this.asked.push(request);
          return this.answer(request, options?.signal);
        },
        ended: (_outcome, end) => {
          this.told.push(end);
          return Promise.resolve();
        },
      },
      policy: this.policy,
      host: {
        spawn: () => {
          throw new Error("no host here");
        },
        program: "/none",
      },
      scanner: { scan: (source, files, options) => this.scans(source, files, options) },
      file: { read: () => [...this.kept], write: (kept) => (this.kept = [...kept]) },
      vm: (id) => [this.home.vm, this.web.vm].find((vm) => vm.id === id),
    };
  }

  request(paths: readonly string[], destination: FilesDestination = { kind: "incoming" }): TransferRequest {
    return {
      source: { party: { kind: "vm", vm: this.home.vm }, paths: paths.map(bytes) },
      target: { kind: "vm", vm: this.web.vm },
      destination,
      permission: { kind: "ask" },
    };
  }

  start(paths: readonly string[], options: Parameters<Transfers["start"]>[1] = {}): TransferRecord {
    return this.transfers.get(this.transfers.start(this.request(paths), options).id);
  }

  /** The last message of that name that the host has said to this agent, once there are so many of them. */
  async heard<Name extends WireMessageName>(
    { agent }: LinkedVm,
    name: Name,
    count = 1,
  ): Promise<Partial<WireMessageOf<Name>>> {
    await agent.until(() => agent.sentOf(name).length >= count);
    return agent.sentOf(name).at(-1) ?? {};
  }

  /** The source's list, of one part. */
  list(transfer: number, entries: readonly object[]): void {
    must(this.home.agent.say("filesListed", { transfer, entries: entries as never, last: true }));
  }

  /** Files of that size, listed. */
  async listFiles(names: readonly string[], size = 8n, count = 1): Promise<void> {
    const { transfer = 0 } = await this.heard(this.home, "filesList", count);
    this.list(
      transfer,
      names.map((name, index) => entry(index, name, { size })),
    );
  }

  /** The target has all that it expects, and begins at `first`. */
  async ready(fields: WireMessageInit<"filesReady"> = {}, count = 1): Promise<number> {
    await this.web.agent.until(() => this.web.agent.sentOf("filesExpected").filter(({ last }) => last).length >= count);
    const { transfer = 0 } = await this.heard(this.web, "filesReceive", count);
    must(this.web.agent.say("filesReady", { transfer, ...fields }));
    return transfer;
  }

  done(transfer: number, results: readonly object[], count = 0n): void {
    must(this.web.agent.say("filesDone", { transfer, results: results as never, bytes: count }));
  }

  ended({ agent }: LinkedVm, transfer: number, reason: FileReason = FileReason.UNSPECIFIED, detail = ""): void {
    must(agent.say("filesEnded", { transfer, reason, detail }));
  }
}

export function entry(index: number, path: string, fields: object = {}): object {
  return { index, kind: FileKind.FILE, path: bytes(path), size: 8n, ...fields };
}

export function whole(index: number, fields: object = {}): object {
  return { index, outcome: FileOutcome.WHOLE, sha256: DIGEST, path: NONE, ...fields };
}

function must(outcome: string): void {
  if (outcome !== "accepted") throw new Error(outcome);
}
