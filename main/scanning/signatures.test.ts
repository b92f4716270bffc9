/** When a scanner's signatures become others, and when they stay as they were. Its VMs are scripted. */
import { createHash } from "node:crypto";
import { beforeEach, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { ServiceUnit } from "../services/service-unit.ts";
import { builtIns } from "../services/built-ins.ts";
import { GIVE_MS, sendSignatures, Signatures } from "./signatures.ts";

interface Unit {
  vm: string;
  given: string;
  kept: string[];
  isHealthy: boolean;
  ageS?: number;
}

const OWN = "Mine.Mark:0:*:4142";
const OWN_KEY = `${createHash("sha256").update(OWN).digest("hex").slice(0, 32)}.`;

let own: string;
let rights: string[];
/** The one that is used. */
let used: ServiceUnit;
let before: ServiceUnit | undefined;
/** What has been done, in order. */
let done: string[];
let answers: (input: Record<string, unknown>) => unknown;
let passed: string | undefined;
let startsNext: () => Promise<void>;
/** What the service that fetches signatures says; null: there is none. */
let fetches: { set: string; problem: string; isHealthy: boolean; bytes?: number } | null;
/** Of the VMs that were made. */
let memories: number[];

beforeEach(() => {
  [own, rights, done, passed, before] = ["", ["scanned-files", "signatures"], [], undefined, undefined];
  answers = (input) => {
    if (!("try" in input)) return {};
    const content = Buffer.from(String(input["try"]), "base64");
    return answerOf(content, content.includes("EICAR") ? "found" : "clean");
  };
  startsNext = () => Promise.resolve();
  [fetches, memories] = [null, []];
  used = unitOf({ vm: "first", given: "", kept: [], isHealthy: true });
});

function answerOf(content: Uint8Array, verdict: string): object {
  return {
    sha256: createHash("sha256").update(content).digest("hex"),
    bytes: content.length,
    engine: { name: "ClamAV", version: "1", signatures: "s" },
    verdict,
    signature: verdict === "found" ? "Eicar" : null,
    reason: null,
  };
}

function unitOf(unit: Unit): ServiceUnit {
  const scripted = {
    manifest: { name: "antivirus", memory: 512, rights: { host: rights } },
    settings: {
      get values() {
        return { signatures: own };
      },
    },
    vm: unit.vm,
    log: { add: () => undefined },
    get isHealthy() {
      return unit.isHealthy;
    },
    tables: {
      rows: () => ({
        engine: [{ given: unit.given, ageS: unit.ageS ?? 0 }],
        quarantine: unit.kept.map((key) => ({ key })),
      }),
    },
    start: () => startsNext(),
    stop: () => Promise.resolve(void done.push(`stop ${unit.vm}`)),
    close: () => undefined,
    by: () => ({
      job: async (input: Record<string, unknown>) => {
        const answer = answers(input);
        const [kind = ""] = Object.keys(input);
        done.push(`${kind} ${unit.vm}`);
        if (kind === "signatures") unit.given = (input["signatures"] as { key: string }).key;
        return Promise.resolve(answer);
      },
    }),
  };
  return scripted as unknown as ServiceUnit;
}

function fetching({ set, problem, isHealthy, bytes = 0 }: NonNullable<typeof fetches>): ServiceUnit {
  const scripted = {
    manifest: { name: "signatures", rights: { host: ["gives-signatures"] } },
    vm: { definition: { name: "signatures" } },
    isHealthy,
    tables: { rows: () => ({ sets: [{ set, problem, bytes }] }) },
    by: () => ({ use: () => done.push("use right") }),
  };
  return scripted as unknown as ServiceUnit;
}

function signatures(): Signatures {
  let next: ServiceUnit | undefined;
  return new Signatures({
    services: {
      get units() {
        return fetches === null ? [used] : [used, fetching(fetches)];
      },
      unit: () => used,
      next: {
        memoryOf: () => 700,
        make: (_name, memoryMiB) => {
          memories.push(memoryMiB);
          next = unitOf({ vm: "next", given: "", kept: [], isHealthy: true });
          return Promise.resolve(next);
        },
        takeBefore: () => Promise.resolve((next = before)),
        hasBefore: () => before !== undefined,
        use: () => {
          const was = used;
          done.push("use");
          [used, before] = [next ?? used, was];
          return Promise.resolve(was);
        },
        drop: (_name, _unit, isKept) => Promise.resolve(void done.push(isKept ? "leave" : "drop")),
      },
    },
    released: () => Promise.resolve(void done.push("released")),
    carry: ({ path, into }) => Promise.resolve(done.push(`carry ${path} ${into}`) > 0),
    file: { passedOver: () => passed, passOver: (_name, key) => void (passed = key) },
  });
}

it("gives new ones to another VM, tries what it must find and must pass, uses it, and then stops the one before", async () => {
  own = OWN;
  const sent: string[] = [];
  const both = signatures();
  sendSignatures({ page: { send: (name) => void sent.push(name) }, signatures: both });
  await both.update("antivirus");
  expect(done).toEqual(["signatures next", "try next", "try next", "use", "released", "stop first"]);
  expect(sent).toEqual(["scan.renewed"]);
  expect([used.vm, used.tables.rows()["engine"]]).toEqual(["next", [{ given: OWN_KEY, ageS: 0 }]]);
});

it("does nothing where they are the same, are not there any more and were not given, or the service gets none", async () => {
  own = "  \n";
  await signatures().update("antivirus");
  own = OWN;
  used = unitOf({ vm: "first", given: OWN_KEY, kept: [], isHealthy: true });
  await signatures().update("antivirus");
  used = unitOf({ vm: "first", given: "", kept: [], isHealthy: false });
  await signatures().update("antivirus");
  rights = ["scanned-files"];
  used = unitOf({ vm: "first", given: "", kept: [], isHealthy: true });
  await signatures().update("antivirus");
  expect(done).toEqual([]);
});

it("takes a VM with those alone that the service has of itself, where the settings name none any more", async () => {
  used = unitOf({ vm: "first", given: OWN_KEY, kept: [], isHealthy: true });
  await signatures().update("antivirus");
  expect(done.slice(0, 3)).toEqual(["try next", "try next", "use"]);
});

it("carries what is in quarantine before it is used", async () => {
  own = OWN;
  used = unitOf({ vm: "first", given: "", kept: ["a"], isHealthy: true });
  await signatures().update("antivirus");
  const carry = "carry /home/user/kept/quarantine /home/user/kept/carried";
  expect(done.slice(3, 6)).toEqual([carry, "adopt next", "use"]);
});

it("starts a machine again that ended while it booted", async () => {
  own = OWN;
  let starts = 0;
  const ended = new AppError("service.not-healthy", "its VM has ended");
  startsNext = () => ((starts += 1) === 3 ? Promise.resolve() : Promise.reject(ended));
  await signatures().update("antivirus");
  expect(used.vm).toBe("next");
  [own, starts] = [`${OWN}\n`, 3];
  await expect(signatures().update("antivirus")).rejects.toThrow("its VM has ended");
  expect(starts).toBe(6);
});

it.each([
  ["its VM does not start", () => (startsNext = () => Promise.reject(new Error("no memory")))],
  [
    "its program refuses them",
    () =>
      (answers = (input) => {
        if ("signatures" in input) throw new Error("line 1");
        return {};
      }),
  ],
  ["it does not find what is known", () => (answers = (input) => tried(input, () => "clean"))],
  ["it finds something in a clean file", () => (answers = (input) => tried(input, () => "found"))],
  [
    "it answers about another file",
    () => (answers = (input) => ("try" in input ? answerOf(Buffer.from("x"), "found") : {})),
  ],
])("stays as it was where %s, and does not try it again by itself", async (_why, breaks) => {
  own = OWN;
  breaks();
  const tried = signatures();
  await expect(tried.update("antivirus")).rejects.toMatchObject({ code: "scan.signatures-refused" });
  expect([done.at(-1), done.includes("use"), used.vm]).toEqual(["drop", false, "first"]);
  const count = done.length;
  tried.look();
  await Promise.resolve();
  expect(done).toHaveLength(count);
});

function tried(input: Record<string, unknown>, verdict: () => string): unknown {
  return "try" in input ? answerOf(Buffer.from(String(input["try"]), "base64"), verdict()) : {};
}

it("is asked for the same by two at once, and does it once", async () => {
  own = OWN;
  const both = signatures();
  both.look();
  await both.update("antivirus");
  expect(done.filter((one) => one === "use")).toHaveLength(1);
});

it("is asked for others while it is at it, and does one after the other", async () => {
  const all = signatures();
  own = OWN;
  const first = all.update("antivirus");
  own = `${OWN}\n`;
  await Promise.all([first, all.update("antivirus"), all.back("antivirus")]);
  const steps = done.filter((one) => one.startsWith("signatures") || one === "use" || one.startsWith("stop"));
  const [given, stopped] = [steps.filter((one) => one === "use").length, steps.filter((one) => one.startsWith("stop"))];
  expect([given, stopped]).toEqual([3, ["stop first", "stop next", "stop next"]]);
  expect(steps.lastIndexOf("use")).toBe(steps.length - 2);
});

it("stays as it was where its service ends meanwhile, which says nothing of them", async () => {
  own = OWN;
  const unit: Unit = { vm: "first", given: "", kept: ["a"], isHealthy: true };
  used = unitOf(unit);
  startsNext = () => Promise.resolve(void (unit.isHealthy = false));
  const all = signatures();
  await expect(all.update("antivirus")).rejects.toMatchObject({ code: "scan.signatures-refused" });
  expect([done.includes("use"), used.vm]).toEqual([false, "first"]);
  [unit.isHealthy, startsNext] = [true, () => Promise.resolve()];
  await all.update("antivirus");
  expect(used.vm).toBe("next");
});

it("tries what nobody has asked for now and then alone, however often others are there", async () => {
  const all = signatures();
  fetches = { set: "a".repeat(32), problem: "", isHealthy: true };
  all.look();
  await expect.poll(() => done.filter((one) => one.startsWith("stop"))).toHaveLength(1);
  for (const letter of "bcdef") {
    fetches = { set: letter.repeat(32), problem: "", isHealthy: true };
    all.look();
    await Promise.resolve();
  }
  expect(memories).toHaveLength(1);
});

it("goes back, and does not take again by itself what it has come from", async () => {
  own = OWN;
  const both = signatures();
  await expect(both.back("antivirus")).rejects.toMatchObject({ code: "scan.no-signatures-before" });
  await both.update("antivirus");
  await both.back("antivirus");
  expect([used.vm, before?.vm, passed]).toEqual(["first", "next", OWN_KEY]);
  const count = done.length;
  both.look();
  expect(done).toHaveLength(count);
  own = `${OWN}\n${OWN}`;
  both.look();
  await expect.poll(() => used.vm).toBe("next");
});

it("leaves what there is to go back to where that is no good", async () => {
  own = OWN;
  const both = signatures();
  await both.update("antivirus");
  startsNext = () => Promise.reject(new Error("no memory"));
  await expect(both.back("antivirus")).rejects.toThrow("no memory");
  expect([done.at(-1), used.vm, passed]).toEqual(["leave", "next", undefined]);
});

it("carries databases that were fetched from the VM that has fetched them, and later from its own", async () => {
  const [first, second] = ["a".repeat(32), "b".repeat(32)];
  fetches = { set: first, problem: "", isHealthy: true };
  const both = signatures();
  await both.update("antivirus");
  expect(done.slice(0, 3)).toEqual([
    "use right",
    `carry /home/user/signatures/sets/${first} /home/user/kept/carried`,
    "signatures next",
  ]);
  const given = (): unknown => used.tables.rows()["engine"]?.[0]?.["given"];
  expect(given()).toBe(`.${first}`);
  // Nobody says any more what there is: what it has stays.
  [fetches.isHealthy, done, own] = [false, [], OWN];
  await both.update("antivirus");
  expect(done[0]).toBe("carry /home/user/kept/signatures/fetched /home/user/kept/carried");
  expect(given()).toBe(`${OWN_KEY}${first}`);
  [fetches, own] = [{ set: second, problem: "", isHealthy: true }, ""];
  await both.update("antivirus");
  expect(given()).toBe(`.${second}`);
  fetches = { set: "../../x", problem: "", isHealthy: true };
  const count = done.length;
  await both.update("antivirus");
  expect(done).toHaveLength(count);
});

it("gives a VM memory by the size of what was fetched, and as much as it has for the same again", async () => {
  fetches = { set: "a".repeat(32), problem: "", isHealthy: true, bytes: 150 * 1_048_576 };
  const both = signatures();
  await both.update("antivirus");
  own = OWN;
  await both.update("antivirus");
  [fetches.set, fetches.bytes] = ["b".repeat(32), 1e15];
  await both.update("antivirus");
  expect(memories).toEqual([2_012, 700, 4_096]);
});

it("tells once that none could be fetched, and that those which it has are old", () => {
  const told: string[] = [];
  const both = signatures();
  both.on("notice", (_service, words) => told.push(words));
  fetches = { set: "", problem: "they are not signed", isHealthy: true };
  both.look();
  both.look();
  expect(told).toEqual(["New signatures were not taken: they are not signed."]);
  fetches = null;
  used = unitOf({ vm: "first", given: "", kept: [], isHealthy: true, ageS: 8 * 86_400 });
  both.look();
  // Without a database there is none that is old.
  expect(told).toHaveLength(1);
  used = unitOf({ vm: "first", given: `.${"a".repeat(32)}`, kept: [], isHealthy: true, ageS: 8 * 86_400 });
  both.look();
  both.look();
  expect(told.slice(1)).toEqual(['The signatures of "antivirus" are 8 days old.']);
});

it("tells of a service that says something else each time once a minute, and what it says then", () => {
  vi.useFakeTimers();
  try {
    const told: string[] = [];
    const both = signatures();
    both.on("notice", (_service, words) => told.push(words));
    for (let at = 0; at < 1_000; at += 1) {
      fetches = { set: "", problem: `problem ${at}`, isHealthy: true };
      const ageS = at % 2 === 0 ? 0 : 8 * 86_400;
      used = unitOf({ vm: "first", given: `.${"a".repeat(32)}`, kept: [], isHealthy: true, ageS });
      both.look();
    }
    expect(told).toEqual([
      "New signatures were not taken: problem 0.",
      'The signatures of "antivirus" are 8 days old.',
    ]);
    vi.advanceTimersByTime(60_000);
    expect(told.slice(2)).toEqual([
      "New signatures were not taken: problem 999.",
      'The signatures of "antivirus" are 8 days old.',
    ]);
    vi.advanceTimersByTime(600_000);
    expect(told).toHaveLength(4);
  } finally {
    vi.useRealTimers();
  }
});

it("tells of signatures that nobody has asked for just now, where they are refused", async () => {
  const told: string[] = [];
  const both = signatures();
  both.on("notice", (_service, words) => told.push(words));
  own = OWN;
  startsNext = () => Promise.reject(new Error("no memory"));
  both.look();
  await expect.poll(() => told).toEqual([expect.stringMatching(/^The signatures of "antivirus" stay .*no memory\.$/)]);
});

it("the antivirus may take as long to read them at each start as when it is given them", () => {
  const antivirus = builtIns(() => "/nonexistent").find(({ manifest }) => manifest.name === "antivirus");
  expect((antivirus?.manifest.health.withinS ?? 0) * 1_000).toBe(GIVE_MS);
});
