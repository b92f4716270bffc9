/**
 * Starts VMs in the order that they need: a VM's dependencies first, those that do not depend on each other together. The plan
 * is pure; the supervisor carries it out.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Backoff } from "../base/backoff.ts";
import { waitFor } from "../base/waiting.ts";

export interface StartRequest {
  readonly id: VmId;
  /** For messages. */
  readonly name: string;
  readonly dependsOn: readonly VmId[];
}

export interface StartPlan<Request extends StartRequest> {
  /** Each after all that it depends on. */
  readonly order: readonly Request[];
  /** Those that cannot be started. `reason` says of the VM: "it depends on ...". */
  readonly refused: readonly { request: Request; reason: string }[];
}

/**
 * @param requests every VM that is wanted, and every VM that one of them depends on, directly or not: a dependency that is not
 * among them does not exist
 */
export function planStarts<Request extends StartRequest>(requests: readonly Request[]): StartPlan<Request> {
  const order: Request[] = [];
  const placed = new Set<VmId>();
  let left = [...requests];
  for (;;) {
    const ready = left.filter(({ dependsOn }) => dependsOn.every((id) => placed.has(id)));
    if (ready.length === 0) break;
    for (const request of ready) placed.add(request.id);
    order.push(...ready);
    left = left.filter(({ id }) => !placed.has(id));
  }
  const stuck = new Map(left.map((request) => [request.id, request]));
  return { order, refused: left.map((request) => ({ request, reason: refusal(request, stuck, placed) })) };
}

/** Why `request` is among the `stuck`, which have a dependency that is not `placed`. */
function refusal(request: StartRequest, stuck: ReadonlyMap<VmId, StartRequest>, placed: ReadonlySet<VmId>): string {
  const unknown = request.dependsOn.find((id) => !placed.has(id) && !stuck.has(id));
  if (unknown !== undefined) return `it depends on a VM that does not exist (${unknown})`;
  const cycle = cycleThrough(request, stuck);
  if (cycle !== null) return `it depends on itself: ${cycle.map(({ name }) => `"${name}"`).join(" -> ")}`;
  const names = request.dependsOn.flatMap((id) => stuck.get(id)?.name ?? []);
  return `it depends on "${names[0] ?? ""}", which cannot be started`;
}

/** The shortest way of dependencies from `request` back to itself, both ends included; null = there is none. */
function cycleThrough(request: StartRequest, among: ReadonlyMap<VmId, StartRequest>): StartRequest[] | null {
  const seen = new Set<VmId>();
  let ways: StartRequest[][] = [[request]];
  while (ways.length > 0) {
    const longer: StartRequest[][] = [];
    for (const way of ways) {
      for (const id of way.at(-1)?.dependsOn ?? []) {
        if (id === request.id) return [...way, request];
        const next = among.get(id);
        if (next === undefined || seen.has(id)) continue;
        seen.add(id);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return null;
}

/** A VM as the supervisor starts it. */
export interface SupervisedVm extends StartRequest {
  /** A start that fails is tried again with growing delays, until it succeeds or is cancelled. */
  readonly retriesStart: boolean;
  /** Resolves when its machine executes, also where it did before. It begins nothing once `signal` is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when those that depend on it can be started; rejects when that will not be, or with the reason of `signal`. */
  running(signal: AbortSignal): Promise<void>;
  /** It is not started, for this reason. */
  refused(reason: AppError): void;
  /** A start of its own failed. */
  failed(error: unknown): void;
}

export class Supervisor {
  readonly #cancelling = new AbortController();

  /** Resolves when each has been started, has failed, or has been refused; never rejects. */
  async start(vms: readonly SupervisedVm[]): Promise<void> {
    const { order, refused } = planStarts(vms);
    for (const { request, reason } of refused) request.refused(dependencyFailed(request, reason));
    const started = new Map<VmId, Promise<void>>();
    for (const vm of order) {
      const dependencies = order.filter(({ id }) => vm.dependsOn.includes(id));
      const start = this.#startAfter(
        vm,
        dependencies.map((dependency) => ({ dependency, started: started.get(dependency.id) ?? Promise.resolve() })),
      );
      start.catch(() => undefined); // the VM has been notified; its dependants await it themselves
      started.set(vm.id, start);
    }
    await Promise.allSettled(started.values());
  }

  /** The application ends: nothing is started any more. */
  cancel(): void {
    this.#cancelling.abort(new AppError("vm.start-cancelled", "The application ends."));
  }

  async #startAfter(
    vm: SupervisedVm,
    dependencies: readonly { dependency: SupervisedVm; started: Promise<void> }[],
  ): Promise<void> {
    const { signal } = this.#cancelling;
    for (const { dependency, started } of dependencies) {
      try {
        await started;
        await dependency.running(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = `it depends on "${dependency.name}", which does not run: ${messageOf(error)}`;
        const failure = dependencyFailed(vm, reason);
        vm.refused(failure);
        throw failure;
      }
    }
    const backoff = new Backoff();
    for (;;) {
      signal.throwIfAborted();
      try {
        return await vm.start(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        vm.failed(error);
        if (!vm.retriesStart) throw error;
      }
      await delay(backoff.nextDelayMs(performance.now()), signal);
    }
  }
}

function dependencyFailed({ name }: StartRequest, reason: string): AppError {
  const sentence = reason.replace(/\.$/, "");
  return new AppError("vm.dependency-failed", `VM "${name}" was not started: ${sentence}.`, { vm: name });
}

function delay(timeoutMs: number, signal: AbortSignal): Promise<void> {
  return waitFor({
    listen: () => () => undefined,
    timeoutMs,
    onTimeout: ({ resolve }) => resolve(),
    signal,
  });
}
