/** What is said of a service on its card. Pure. */
import type { ServiceView } from "#shared/model/service.ts";
import { countOf, durationWords } from "../../ui/format.ts";

export type ServiceTone = "good" | "quiet" | "warning" | "bad";

/** Its state in a word or two, and how much a person should mind. */
export function stateOf({ state, health }: Pick<ServiceView, "state" | "health">): {
  words: string;
  tone: ServiceTone;
} {
  switch (state) {
    case "absent":
      return { words: "not built yet", tone: "quiet" };
    case "stopped":
      return { words: "stopped", tone: "quiet" };
    case "starting":
      return { words: "starting", tone: "warning" };
    case "failed":
      return { words: "failed", tone: "bad" };
    case "running":
      if (health === "ok") return { words: "healthy", tone: "good" };
      return health === "starting"
        ? { words: "starts again", tone: "warning" }
        : { words: "not well", tone: "warning" };
  }
}

/** `96 MiB, 1 core, up 3 h 20 min`. */
export function sizeOf({ memoryMiB, cpus, uptimeS }: Pick<ServiceView, "memoryMiB" | "cpus" | "uptimeS">): string {
  const memory = memoryMiB >= 1024 ? `${(memoryMiB / 1024).toFixed(1)} GiB` : `${memoryMiB} MiB`;
  const up = uptimeS === null ? [] : [`up ${durationWords(uptimeS)}`];
  return [memory, countOf(cpus, "core"), ...up].join(", ");
}

export function summaryOf(services: readonly ServiceView[]): string {
  const running = services.filter(({ state }) => state === "running").length;
  const failed = services.filter(({ state }) => state === "failed").length;
  const some = [
    running === 0 ? "None runs" : `${running} ${running === 1 ? "runs" : "run"}`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  return `VMs that work for the others. ${some.join(", ")}.`;
}

/** Those that a person should look at. */
export function troubled(services: readonly ServiceView[]): number {
  return services.filter(({ state, health }) => state === "failed" || (state === "running" && health === "failing"))
    .length;
}

/** Where it is from, and who has signed it. */
export function originWords({ kind, index, signer }: ServiceView["origin"]): string {
  if (kind === "built-in") return "comes with Atoll";
  const where = kind === "folder" ? "from a folder of this computer" : `from the index ${index ?? ""}`;
  return `${where}, ${signer === null ? "unsigned" : `signed by ${signer}`}`;
}
