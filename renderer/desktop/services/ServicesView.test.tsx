// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import { KEPT_FILE, type ServiceInfo, type ServiceLogLine, type ServiceView } from "#shared/model/service.ts";
import type { IndexView, Offer } from "#shared/model/service-index.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import { stateOf, summaryOf, troubled } from "./service-words.ts";
import { ServicesTabCount } from "./ServicesTabCount.tsx";
import { ServicesView } from "./ServicesView.tsx";

let drawn: Drawn;
let asked: [string, unknown][];
let services: ServiceView[];
let log: ServiceLogLine[];
let refusal: string | null;
let offers: Offer[];
let indexes: IndexView[];
/** The request that main cannot answer. */
let unanswered: string | null;
/** An index has been looked at. */
let looked: Promise<void>;
/** Settings are saved. */
let saved: Promise<void>;

function view(name: string, change: Partial<ServiceView> = {}): ServiceView {
  return {
    name,
    version: "1.0.0",
    description: "Counts words",
    icon: "document",
    origin: { kind: "folder", index: null, signer: null },
    state: "running",
    stateDetail: "",
    health: "ok",
    healthDetail: "",
    status: "3 texts",
    vm: name,
    memoryMiB: 256,
    cpus: 1,
    uptimeS: 12_000,
    hasBefore: false,
    versionBefore: null,
    isUpdating: false,
    rights: [
      { id: "serves", words: "Sees the traffic of app VMs", asked: true, has: true },
      { id: "uplink", words: "Reaches the internet", asked: false, has: false },
    ],
    ...change,
  };
}

const settings: ServiceInfo["settings"] = {
  longest: {
    schema: { type: "number", title: "Longest text", description: "Characters", default: 10, min: 1 },
    value: 10,
  },
  ignored: { schema: { type: "list", title: "Ignored", description: "", default: [] }, value: ["a"] },
  asked: { schema: { type: "list", format: "address", title: "Asked", description: "", default: [] }, value: [] },
  secret: { schema: { type: "file", title: "Secret", description: "", default: "" }, value: KEPT_FILE },
  strict: { schema: { type: "boolean", title: "Strict", description: "", default: false }, value: false },
};
const panels: ServiceInfo["panels"] = [
  {
    kind: "table",
    title: "Counted",
    table: "counted",
    columns: [
      { key: "text", title: "Text", format: "text" },
      { key: "words", title: "Words", format: "number" },
    ],
  },
  { kind: "rules", title: "Who may use it" },
];
const rule = { line: 3, from: "home", to: "words", action: "service.use", type: null, decision: "allow", until: null };
const rules = [
  rule,
  { ...rule, line: 4, to: "other" },
  { ...rule, line: 5, action: "net.connect", to: "@internet", decision: "deny" },
];
const tables = {
  counted: [
    { text: "old", words: 1 },
    { text: "new \u202e<b>", words: 1234 },
  ],
};

const bridge = {
  request: async (name: string, input: { name: string }) => {
    if (name === "index.offers") return { ok: true, value: offers };
    if (name === "index.list") return { ok: true, value: indexes };
    if (name === "index.look") {
      await looked;
      return { ok: true, value: { ...indexes[0], services: ["words"] } };
    }
    if (name.startsWith("service.") && name === unanswered)
      return { ok: false, error: { message: "It is not known." } };
    if (name === "service.list") return { ok: true, value: services };
    if (name === "service.log") return { ok: true, value: log };
    if (name === "policy.list") return { ok: true, value: { rules, problems: [] } };
    const found = services.find((one) => one.name === input.name);
    if (name === "service.info") return { ok: true, value: { ...found, settings, panels, tables } };
    asked.push([name, input]);
    if (name === "service.set") await saved;
    return refusal === null ? { ok: true, value: null } : { ok: false, error: { message: refusal } };
  },
  on: () => () => undefined,
} as unknown as AtollBridge;

let shell: ReturnType<typeof testShell>;

async function show(...list: ServiceView[]): Promise<void> {
  services = list;
  shell = testShell({ bridge, send: (...[name, input]) => void asked.push([name, input]) });
  drawn = await draw(
    <ShellContext value={shell}>
      <ServicesTabCount />
      <ServicesView />
    </ShellContext>,
  );
  await drawn.again(
    <ShellContext value={shell}>
      <ServicesTabCount />
      <ServicesView />
    </ShellContext>,
  );
}

beforeEach(() => {
  [asked, log, refusal, offers, indexes] = [[], [], null, [], []];
  unanswered = null;
  [looked, saved] = [Promise.resolve(), Promise.resolve()];
});
afterEach(() => drawn.remove());

describe("a card", () => {
  it("says state, one fact and size; what its program says is quoted", async () => {
    await show(view("words"));
    expect(textsOf(".service-card")).toEqual(["wordshealthy“3 texts”256 MiB, 1 core, up 3 h 20 min"]);
  });

  it("tells of trouble first", async () => {
    const failed = view("a", { state: "failed", stateDetail: "its VM has ended; it is started again", health: null });
    const failing = view("b", { health: "failing", healthDetail: "no rules" });
    await show(failed, failing);
    expect(textsOf(".service-fact")).toEqual(["its VM has ended; it is started again", "“no rules”"]);
    expect(textsOf(".sheet-count")).toEqual(["2"]);
  });

  it("is chosen by a click or the arrow keys, around", async () => {
    await show(view("a"), view("b"));
    const detail = () => element(".service-detail").getAttribute("aria-label");
    expect(detail()).toBe("a");
    await click(".service-card", "b");
    expect(detail()).toBe("b");
    element('[aria-checked="true"]').focus();
    await press("ArrowRight");
    expect([detail(), document.activeElement?.getAttribute("aria-checked")]).toEqual(["a", "true"]);
  });
});

describe("the catalogue", () => {
  const offer = (name: string, change: Partial<Offer> = {}): Offer => ({
    ...{ name, version: "1.1.0", description: "Finds rhymes", icon: "box", bytes: 2_048, index: "shop" },
    ...{ isSigned: true, signer: "1a2b-3c4d", isExpired: false, list: "ab" },
    rights: [
      { id: "serves", words: "Sees the traffic of app VMs", asked: true, has: null },
      { id: "uplink", words: "Reaches the internet", asked: true, has: null },
    ],
    ...change,
  });
  const index: IndexView = {
    ...{ name: "shop", version: 3, expires: "2027-01-31T00:00:00Z", key: "RWx", fingerprint: "1a2b-3c4d" },
    ...{ source: "https://example.org/shop/", services: 2, isExpired: false, readMs: 0 },
  };

  it("has what indexes offer after what there is: rights, size and signer before it is installed", async () => {
    offers = [offer("rhymes")];
    await show(view("words"));
    expect(textsOf(".service-card")[1]).toBe("rhymesnot installedFinds rhymes2.0 kB, from shop");
    await click(".service-card", "rhymes");
    expect(textsOf(".service-rights li")).toEqual(["Sees the traffic of app VMs", "Reaches the internet"]);
    expect(textsOf(".service-source dd")).toEqual([
      "shop",
      "1a2b-3c4d",
      "2.0 kB, and the image of its VM, which is built here",
    ]);
    await click("button", "Install");
    expect(asked).toEqual([["index.install", { name: "rhymes", index: "shop", list: "ab" }]]);
  });

  it("marks what nobody has signed, and installs nothing of what has expired", async () => {
    offers = [offer("rhymes", { isSigned: false, isExpired: true })];
    await show();
    expect(textsOf(".service-source dd")[0]).toBe("shop nobody has signed it it has expired: look for updates");
    expect(element(".service-detail button", "Install").hasAttribute("disabled")).toBe(true);
  });

  it("is searched by words of name, description and index", async () => {
    offers = [offer("rhymes")];
    await show(view("words"), view("firewall", { description: "Lets pass" }));
    const search = async (text: string): Promise<string[]> => {
      await write(element('[aria-label="Search services"]'), text);
      return textsOf(".service-card strong");
    };
    expect(await search("shop FINDS")).toEqual(["rhymes"]);
    expect(await search("pass")).toEqual(["firewall"]);
    expect(await search("none such")).toEqual([]);
    expect(textsOf(".services-none strong")).toEqual(["No service matches"]);
  });

  it("tells of a later version of the same signer, and what is new in its rights", async () => {
    const signed = { kind: "index", index: "shop", signer: "1a2b-3c4d" } as const;
    offers = [offer("words"), offer("b", { signer: "other" }), offer("c", { version: "1.0.0" })];
    await show(view("words", { origin: signed }), view("b", { origin: signed }), view("c", { origin: signed }));
    expect(textsOf(".service-new")).toEqual(["1.1.0 available"]);
    expect(textsOf(".services-head p")[0]).toMatch(/1 update available\.$/);
    expect(textsOf("[data-added]")).toEqual(["Reaches the internet"]);
    await click("button", "Allow, and update to 1.1.0");
    expect(asked).toEqual([["index.install", { name: "words", index: "shop", list: "ab" }]]);
  });

  it("goes back to the version before at a click, not while another one is tried", async () => {
    await show(view("words", { versionBefore: "0.9.0" }));
    await click("button", "Back to 0.9.0");
    expect(asked).toEqual([["service.backToVersion", { name: "words" }]]);
    drawn.remove();
    await show(view("words", { versionBefore: "0.9.0", isUpdating: true }));
    expect(element("button", "Back to").hasAttribute("disabled")).toBe(true);
  });

  it("has indexes, which are looked at before they are added with the key of their owner", async () => {
    indexes = [index];
    await show(view("words"));
    expect(textsOf(".service-indexes li")).toEqual([
      "shop 3, 2 services from https://example.org/shop/signed by 1a2b-3c4d, until 31 Jan 2027",
    ]);
    await write(element('.service-add-index input[placeholder^="https"]'), " https://example.org/shop/ ");
    await click('.service-add-index [type="submit"]');
    expect(textsOf(".service-add-index p")).toEqual(["shop 3: words. It says that it is signed by 1a2b-3c4d."]);
    expect(element('.service-add-index [type="submit"]').hasAttribute("disabled")).toBe(true);
    await write(element('.service-add-index input[placeholder^="RW"]'), "RWx");
    await click('.service-add-index [type="submit"]');
    await click("button", "Remove the index shop");
    expect(asked).toEqual([
      ["index.add", { source: "https://example.org/shop/", key: "RWx" }],
      ["index.remove", { name: "shop" }],
    ]);
  });

  it("adds what the field says: what was looked at before it was changed is forgotten", async () => {
    indexes = [index];
    let answer = (): void => undefined;
    looked = new Promise((resolve) => (answer = resolve));
    await show(view("words"));
    const source = element('.service-add-index input[placeholder^="https"]');
    await write(source, "https://example.org/shop/");
    await click('.service-add-index [type="submit"]');
    await write(source, "https://example.net/other/");
    await act(async () => answer());
    expect(textsOf(".service-add-index p")).toEqual([]);
    expect(textsOf('.service-add-index [type="submit"]')).toEqual(["Look at it"]);
  });

  it("says which index stays as it was when they are read again", async () => {
    [indexes, refusal] = [[index], "It was not read."];
    await show(view("words"));
    await click("button", "Look for updates");
    expect(asked).toEqual([["index.update", { name: null }]]);
  });
});

it.each(["service.list", "service.info", "service.log"])("says why there is nothing to see: %s", async (name) => {
  unanswered = name;
  await show(view("words"));
  expect(textsOf('[role="alert"]')).toEqual(["It is not known."]);
  expect(document.querySelector(".bars")).toBeNull();
});

it("there may be none", async () => {
  await show();
  expect(textsOf(".services-none strong")).toEqual(["There is no service yet"]);
});

describe("what can be done", () => {
  it.each([
    ["running", ["Remove…", "Stop"]],
    ["stopped", ["Remove…", "Start"]],
    ["absent", ["Remove…", "Build and start"]],
    ["failed", ["Remove…", "Stop", "Start"]],
  ] as const)("to one that is %s", async (state, verbs) => {
    await show(view("a", { state }));
    expect(textsOf(".service-detail header button")).toEqual(verbs);
  });

  it("is asked of main; to remove it takes a second click, and a built-in one cannot be removed", async () => {
    await show(view("a"));
    await click("button", "Stop");
    await click("button", "Remove…");
    await click("button", "Keep");
    await click("button", "Remove…");
    await click("button", "Remove");
    expect(asked).toEqual([
      ["service.stop", { name: "a" }],
      ["service.remove", { name: "a" }],
    ]);
    drawn.remove();
    await show(view("firewall", { origin: { kind: "built-in", index: null, signer: null } }));
    expect(textsOf(".service-detail header button")).toEqual(["Stop"]);
  });
});

it("goes back to the signatures that it had before, while it runs and there are such", async () => {
  await show(view("a", { hasBefore: true }));
  await click("button", "Back to the signatures from before");
  expect(asked).toEqual([["service.back", { name: "a" }]]);
  drawn.remove();
  await show(view("a", { hasBefore: true, state: "stopped" }));
  expect(textsOf(".service-detail header button")).toEqual(["Remove…", "Start"]);
});

it("says what it may, what it may not, and where its VM has more than that", async () => {
  await show(view("a"));
  expect(textsOf(".service-rights li")).toEqual([
    "Sees the traffic of app VMs",
    "Reaches the internetits VM does not have it",
  ]);
  drawn.remove();
  await show(view("a", { rights: [{ id: "uplink", words: "Reaches the internet", asked: false, has: true }] }));
  expect(textsOf("[data-excess]")).toEqual(["Reaches the internet and has it all the same: stop it"]);
});

describe("settings", () => {
  const field = (title: string): HTMLInputElement => {
    const label = element(".service-field label", title);
    return document.getElementById(label.getAttribute("for") ?? "") as HTMLInputElement;
  };

  it("are saved together, as what they are", async () => {
    await show(view("a"));
    await write(field("Longest"), "20");
    await write(field("Ignored"), "a, b");
    await click("#" + CSS.escape(field("Strict").id));
    await click('[type="submit"]');
    expect(asked).toEqual([["service.set", { name: "a", values: { longest: 20, ignored: ["a", "b"], strict: true } }]]);
  });

  it("that are files are chosen or removed, and their text is never drawn", async () => {
    await show(view("a"));
    expect(textsOf(".service-file span")).toEqual(["Kept"]);
    const files = element('.service-file input[type="file"]') as HTMLInputElement;
    const opened = vi.spyOn(files, "click").mockReturnValue();
    field("Secret").click();
    // It would go on to say that no file is chosen, as its file is taken from it.
    expect([opened.mock.calls.length, files.hidden]).toEqual([1, true]);
    Object.defineProperty(files, "files", { value: [new File(["key = 1"], "a.conf")], configurable: true });
    await act(async () => void files.dispatchEvent(new Event("change", { bubbles: true })));
    await vi.waitFor(() => expect(textsOf(".service-file span")).toEqual(["Chosen, not saved yet"]));
    expect(document.body.textContent).not.toContain("key = 1");
    await click('[type="submit"]');
    drawn.remove();
    await show(view("a"));
    await click(".service-file button", "Remove");
    expect(textsOf(".service-file span")).toEqual(["None"]);
    await click('[type="submit"]');
    const set = (secret: string): unknown => ["service.set", { name: "a", values: { secret } }];
    expect(asked).toEqual([set("key = 1"), set("")]);
  });

  it("that cannot be are said to be so, and not saved", async () => {
    await show(view("a"));
    await write(field("Longest"), "none");
    expect(textsOf("[data-problem]")).toEqual(["It must be a number, at least 1."]);
    expect(element('[type="submit"]').hasAttribute("disabled")).toBe(true);
    await write(field("Longest"), "11");
    await write(field("Asked"), "9.9.9.9, quad9");
    expect(textsOf("[data-problem]")).toEqual([
      'It must be IP addresses without ports, as 9.9.9.9 or 2620:fe::fe, which "quad9" is not.',
    ]);
    expect(element('[type="submit"]').hasAttribute("disabled")).toBe(true);
    await click("button", "Discard");
    expect([field("Longest").value, textsOf("[data-problem]")]).toEqual(["10", []]);
  });

  it("that are typed while others are saved stay typed", async () => {
    let answer = (): void => undefined;
    saved = new Promise((resolve) => (answer = resolve));
    await show(view("a"));
    await write(field("Longest"), "20");
    await click('.service-settings [type="submit"]');
    await write(field("Ignored"), "b");
    await act(async () => answer());
    expect([field("Longest").value, field("Ignored").value]).toEqual(["10", "b"]);
    await click('.service-settings [type="submit"]');
    expect(asked.at(-1)).toEqual(["service.set", { name: "a", values: { ignored: ["b"] } }]);
  });

  it("that main refuses stay typed", async () => {
    refusal = "It has not taken its settings.";
    await show(view("a"));
    await write(field("Longest"), "20");
    await click('[type="submit"]');
    expect(field("Longest").value).toBe("20");
  });
});

it("a table has the newest row first, and a guest's words quoted with what is hidden in them shown", async () => {
  await show(view("a"));
  expect(textsOf('[aria-label="Counted"] tbody tr')).toEqual(["“newU+202E<b>”1 234".replace("new", "new "), "“old”1"]);
});

it("the rules are those that let others use it, and those that it enforces", async () => {
  const shown = () => textsOf('[aria-label="Who may use it"] tbody tr');
  await show(view("words"));
  expect(shown()).toEqual(["3homewordsAllow"]);
  drawn.remove();
  const told = { id: "network-rules", words: "Is told which connections each may make", asked: true, has: true };
  await show(view("firewall", { rights: [told] }));
  expect(shown()).toEqual(["5home@internetDeny"]);
});

it("the log has the newest line first, and says which words are the program's", async () => {
  log = [
    { timeMs: 0, level: "info", from: "atoll", text: "the program has connected" },
    { timeMs: 1_000, level: "error", from: "program", text: "no disk" },
  ];
  await show(view("a"));
  expect(textsOf(".service-log li > span")).toEqual(["“no disk”", "the program has connected"]);
});

describe("words", () => {
  it.each([
    [{ state: "absent", health: null }, "not built yet", "quiet"],
    [{ state: "stopped", health: null }, "stopped", "quiet"],
    [{ state: "starting", health: "starting" }, "starting", "warning"],
    [{ state: "failed", health: null }, "failed", "bad"],
    [{ state: "running", health: "ok" }, "healthy", "good"],
    [{ state: "running", health: "starting" }, "starts again", "warning"],
    [{ state: "running", health: "failing" }, "not well", "warning"],
  ] as const)("%j is %s", (service, words, tone) => {
    expect(stateOf(service)).toEqual({ words, tone });
  });

  it("count those that run and those that failed", () => {
    expect(summaryOf([])).toBe("VMs that work for the others. None runs.");
    const list = [view("a"), view("b"), view("c", { state: "failed" }), view("d", { health: "failing" })];
    expect(summaryOf(list)).toBe("VMs that work for the others. 3 run, 1 failed.");
    expect(troubled(list)).toBe(2);
  });
});
