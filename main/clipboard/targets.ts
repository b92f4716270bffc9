/** Where a reading is delivered: a guest, by its link, or main itself. */
import type { ClipType } from "#shared/model/clip.ts";
import { CarriedPort } from "../link/clips/carried-port.ts";
import { clipFilter } from "../link/clips/filters.ts";
import type { GivingEnd, TransferOutcome } from "../link/contracts/clipboard.ts";
import type { MessagePortLike } from "../link/message-port.ts";
import { clipboard, type Given } from "../vms/services/clipboard.ts";
import type { Vm } from "../vms/vm.ts";
import { takeContent } from "./main-ends.ts";
import type { ClipTarget } from "./reading.ts";

/** `bytes`, `characters`: of what it has got. */
export interface TargetEnd extends GivingEnd {
  content: Uint8Array | null;
}

export interface DeliveryTarget {
  readonly ended: Promise<TargetEnd>;
  /** null: it is main. */
  readonly link: { vm: Vm; giving: number; given: Given } | null;
  /** Its content comes by `port`. @throws AppError vm.not-running */
  takeFrom(port: MessagePortLike): void;
  /** The same, with main at the other end of the port. @throws AppError vm.not-running */
  port(): MessagePortLike;
  answer(request: number): void;
  cancel(): void;
  /** It cannot be reached. */
  lost(): void;
}

interface DeliveryBounds {
  type: ClipType;
  /** More does not go; null: than the type may have. */
  ruleBytes: number | null;
}

export function vmTarget(
  target: Exclude<ClipTarget, { kind: "collect" }>,
  { type, ruleBytes }: DeliveryBounds,
  taken: () => void,
): DeliveryTarget {
  const client = target.vm.service(clipboard);
  let end: (end: TargetEnd) => void = () => undefined;
  const ended = new Promise<TargetEnd>((resolve) => (end = resolve));
  const { vm, ...wireTarget } = target;
  const given = { target: wireTarget, as: type, ruleBytes };
  const giving = client.give(wireTarget, {
    taken,
    ended: (giving) => end({ ...giving, content: null }),
  });
  return {
    ended,
    link: { vm, giving, given },
    takeFrom: (port) => client.receive(giving, given, port),
    port: () => client.receive(giving, given),
    answer: (request) => client.answer(giving, request),
    cancel: () => client.cancelGiving(giving),
    lost: () => client.forgetGiving(giving),
  };
}

export function collectTarget({ type, ruleBytes }: DeliveryBounds): DeliveryTarget {
  let end: (end: TargetEnd) => void = () => undefined;
  const ended = new Promise<TargetEnd>((resolve) => (end = resolve));
  const without = (outcome: TransferOutcome): void => end({ outcome, bytes: 0, characters: null, content: null });
  let cancel = (): void => without("cancelled");
  const takeFrom = (port: MessagePortLike): void => {
    const filter = clipFilter(type, ruleBytes);
    cancel = takeContent(filter, port, (outcome, content) => {
      if (content === null) without(outcome);
      else end({ outcome, bytes: content.length, characters: filter.characters, content });
    });
  };
  return {
    ended,
    link: null,
    takeFrom,
    port() {
      const [mine, others] = carriedPair();
      takeFrom(mine);
      return others;
    },
    answer: () => undefined,
    cancel: () => cancel(),
    lost: () => without("source"),
  };
}

/** Two ends within this process. */
function carriedPair(): [MessagePortLike, MessagePortLike] {
  const one: CarriedPort = new CarriedPort((message) => queueMicrotask(() => other.carried(message)));
  const other: CarriedPort = new CarriedPort((message) => queueMicrotask(() => one.carried(message)));
  return [one, other];
}
