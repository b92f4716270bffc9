import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Domain, domain, report, request } from "#shared/ipc/declare.ts";
import { contract } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { tries } from "#shared/testing/tries.ts";
import { type AllHandlers, Dispatcher, type Handlers } from "./dispatcher.ts";
import type { Caller } from "./caller.ts";
import { cliCaller, PAGE_CALLER } from "./testing/checked.ts";

const logged = vi.hoisted(() => vi.fn<(what: string, error: unknown) => void>());
vi.mock("../base/log.ts", () => ({ logDefect: logged }));

const greeting = domain({
  requests: {
    "greeting.both": request({
      from: ["page", "cli"],
      input: z.strictObject({ name: z.string().max(5), times: z.int().default(1) }),
      output: z.string(),
    }),
    "greeting.page": request({ from: ["page"], input: z.strictObject({}), output: z.null() }),
    "greeting.cli": request({ from: ["cli"], input: z.strictObject({}), output: z.null() }),
    "greeting.fails": request({
      from: ["page"],
      input: z.strictObject({ how: z.enum(["told", "defect"]) }),
      output: z.null(),
    }),
    "greeting.lies": request({ from: ["page"], input: z.strictObject({}), output: z.number() }),
  },
  reports: {
    "greeting.heard": report({ from: ["page"], input: z.strictObject({ by: z.string() }) }),
  },
});

function parts() {
  logged.mockClear();
  const heard: string[] = [];
  const handlers: Handlers<typeof greeting> = {
    "greeting.both": ({ name, times }, { from }) => `${`Hello ${name}! `.repeat(times)}(${from})`,
    "greeting.page": () => null,
    "greeting.cli": () => null,
    "greeting.fails": ({ how }) => {
      throw how === "told" ? new AppError("vm.busy", "It is busy.", { vm: "home" }) : new Error("oh");
    },
    "greeting.lies": () => "one" as unknown as number,
    "greeting.heard": ({ by }) => void heard.push(by),
  };
  const dispatcher = Dispatcher.of({ greeting }, { greeting: handlers }, { checksOutputs: true });
  return { dispatcher, heard };
}

describe("a request", () => {
  it("is answered to whom it is meant for, with what was left out filled in", async () => {
    const { dispatcher } = parts();
    const input = { name: "you" };
    expect(await dispatcher.dispatch(PAGE_CALLER, "greeting.both", input)).toEqual({
      ok: true,
      value: "Hello you! (page)",
    });
    expect(await dispatcher.dispatch(cliCaller(), "greeting.both", input)).toEqual({
      ok: true,
      value: "Hello you! (cli)",
    });
  });

  it.each<[string, Caller, unknown]>([
    ["the command asks for what is the page's", cliCaller(), "greeting.page"],
    ["the page asks for what is the command's", PAGE_CALLER, "greeting.cli"],
    ["nobody has declared it", PAGE_CALLER, "greeting.delete-everything"],
    ["it is a report", PAGE_CALLER, "greeting.heard"],
    ...[
      "constructor",
      "__proto__",
      "toString",
      "hasOwnProperty",
      "greeting.__proto__",
      "greeting.both.constructor",
      "",
    ].map((name): [string, Caller, unknown] => [`it is "${name}"`, PAGE_CALLER, name]),
    ["it is no name", PAGE_CALLER, { toString: (): string => "greeting.page" }],
  ])("is unknown where %s", async (_why, caller, name) => {
    const { dispatcher } = parts();
    const answer = await dispatcher.dispatch(caller, name, {});
    expect(answer).toMatchObject({ ok: false, error: { code: "usage.unknown-method" } });
    expect(logged).toHaveBeenCalledTimes(caller.from === "page" ? 1 : 0);
  });

  it.each([
    [{}],
    [{ name: "too long" }],
    [{ name: "you", more: 1 }],
    [null],
    [undefined],
    ["you"],
    [[{ name: "you" }]],
  ])("with %j is refused before anything is done", async (input) => {
    const { dispatcher } = parts();
    for (const caller of [PAGE_CALLER, cliCaller()]) {
      const answer = await dispatcher.dispatch(caller, "greeting.both", input);
      expect(answer).toMatchObject({ ok: false, error: { code: "usage.bad-argument" } });
    }
  });

  it("that fails is answered with the error, and a defect is logged", async () => {
    const { dispatcher } = parts();
    expect(await dispatcher.dispatch(PAGE_CALLER, "greeting.fails", { how: "told" })).toEqual({
      ok: false,
      error: { code: "vm.busy", message: "It is busy.", details: { vm: "home" } },
    });
    expect(logged).not.toHaveBeenCalled();
    expect(await dispatcher.dispatch(PAGE_CALLER, "greeting.fails", { how: "defect" })).toMatchObject({
      ok: false,
      error: { code: "internal" },
    });
    expect(logged).toHaveBeenCalledOnce();
  });

  it("whose answer is not as declared is a defect, where answers are checked", async () => {
    const { dispatcher } = parts();
    expect(await dispatcher.dispatch(PAGE_CALLER, "greeting.lies", {})).toMatchObject({ ok: false });
  });

  it("that can be anything never makes main throw", async () => {
    const { dispatcher } = parts();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.constant("greeting.both")), fc.anything(), async (name, input) => {
        expect(typeof (await dispatcher.dispatch(PAGE_CALLER, name, input)).ok).toBe("boolean");
        dispatcher.report(PAGE_CALLER, name, input);
      }),
      tries(500),
    );
  });
});

it("a report is heard, or refused in the log", () => {
  const { dispatcher, heard } = parts();
  dispatcher.report(PAGE_CALLER, "greeting.heard", { by: "page" });
  dispatcher.report(PAGE_CALLER, "greeting.heard", { by: 1 });
  dispatcher.report(cliCaller(), "greeting.heard", { by: "command" });
  dispatcher.report(PAGE_CALLER, "greeting.page", {});
  expect(heard).toEqual(["page"]);
  expect(logged).toHaveBeenCalledTimes(3);
});

/** Every handler says that it was run: nothing but the declaration stands before it. */
function recording(ran: string[]): AllHandlers<typeof contract> {
  return Object.fromEntries(
    Object.entries(contract).map(([domain, { requests, reports }]) => [
      domain,
      Object.fromEntries(Object.keys({ ...requests, ...reports }).map((name) => [name, () => ran.push(name)])),
    ]),
  ) as unknown as AllHandlers<typeof contract>;
}

/** Of the real contract. What is the page's alone would let a command hold or spoil the desktop, and the other way round. */
it.each([
  [
    "page",
    [
      "app.offered",
      ...["clipboard.clearHistory", "clipboard.copyToHost", "clipboard.forget", "clipboard.history"],
      "clipboard.pasteFromHost",
      ...["clipboard.pick", "clipboard.pin"],
      "desktop.attach",
      "desktop.chooseFiles",
      "desktop.control",
      "desktop.doctor",
      "desktop.welcomed",
      ...["icon.open", "icon.rename", "icon.restore", "icon.scan", "icon.send", "icon.setPlaces", "icon.trash"],
      ...["network.watch", "network.history", "network.tryRule", "network.makeRule", "network.answer"],
      ...["open.compare", "open.explain", "open.setRule", "open.table", "open.takeBack", "open.undo"],
      ...["policy.state", "policy.matrix", "policy.tryCell", "policy.setCell", "policy.takeBack"],
      ...["policy.takeOver", "policy.deleteRules", "policy.restore"],
      "template.list",
      "template.build",
      "template.cancel",
      "theme.choose",
      ...["transfer.clear", "transfer.files", "transfer.send"],
    ],
  ],
  [
    "cli",
    [
      ...["clipboard.get", "clipboard.put", "clipboard.show"],
      ...[
        "app.list",
        "audit.follow",
        "desktop.open",
        "desktop.raise",
        "desktop.screenshot",
        "exec.start",
        "exec.write",
        ...["network.flows", "network.follow", "network.alerts"],
        "policy.write",
        "service.sheet",
        "service.install",
        "problem.list",
        "prompt.list",
        "transfer.copy",
        "transfer.list",
        "vm.info",
      ],
      ...["vm.list", "window.close", "window.focus", "window.list", "window.maximize", "window.minimize"],
      ...["window.move", "window.restore", "window.screenshot"],
    ],
  ],
] as const)("what only the %s may ask is unknown to the other side", async (from, names) => {
  const ran: string[] = [];
  const dispatcher = Dispatcher.of(contract, recording(ran));
  const other = from === "page" ? cliCaller() : PAGE_CALLER;
  const declared = Object.values<Domain>(contract).flatMap(({ requests }) =>
    Object.entries(requests).filter(([, { from: allowed }]) => allowed.length === 1 && allowed[0] === from),
  );
  expect(declared.map(([name]) => name).toSorted()).toEqual([...names].toSorted());
  for (const name of names)
    expect(await dispatcher.dispatch(other, name, {})).toMatchObject({ error: { code: "usage.unknown-method" } });
  expect(ran).toEqual([]);
});

/** Of the real contract: no handler has to look at the kinds of what it is given. */
it.each(
  Object.values<Domain>(contract).flatMap(({ requests, reports }) =>
    Object.entries({ ...requests, ...reports }).map(([name, { from }]) => [name, from] as const),
  ),
)("%s is not run with what is not its input", async (name, sides) => {
  const ran: string[] = [];
  const dispatcher = Dispatcher.of(contract, recording(ran));
  const never = { "nobody has this": 1 };
  const inputs = [null, "x", 1, true, [], [{}], never, JSON.parse('{"__proto__": {}, "x": 1}') as unknown];
  for (const from of sides)
    for (const input of inputs) {
      const caller = from === "cli" ? cliCaller() : PAGE_CALLER;
      await dispatcher.dispatch(caller, name, input);
      dispatcher.report(caller, name, input);
    }
  expect(ran).toEqual([]);
});
