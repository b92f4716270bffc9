import fs from "node:fs";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { QuestionPayload } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { fileItem, linkItem } from "./item.ts";
import type { Opened, OpenRequest } from "./request.ts";
import { OpenDesk } from "./testing/desk.ts";

let desk: OpenDesk;

beforeEach(() => {
  desk = new OpenDesk(vi.waitFor);
  desk.define("home", "lagoon").define("mail", "lagoon").define("web", "coral").define("vault", "sand", "vault");
});
afterEach(() => desk.close());

const LINK = "https://example.org/a";
const PDF = fileItem(Buffer.from("/tmp/report.pdf"));

function byPerson(more: Partial<OpenRequest> = {}): OpenRequest {
  return { item: PDF, from: null, in: null, edit: false, wanted: null, ...more };
}
const file = (mimeType = "application/pdf", name = "report.pdf") =>
  ({ kind: "file", path: Buffer.from(`/home/user/${name}`), mimeType }) as const;
const url = (text: string) => ({ kind: "url", url: text }) as const;

describe("a file of the host", () => {
  it("opens in a disposable, to be looked at, and says which window and why", async () => {
    await desk.open();
    const opening = desk.opener.open(byPerson());
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    const opened = await opening;
    expect(opened).toMatchObject({
      decision: "disposable",
      windowId: expect.stringMatching(/\.100$/) as string,
      rule: { text: "type: @any, from: @host, in: disposable" },
    });
    expect(opened.vm.definition.name).toBe("disp-1");
    expect(desk.recent).toEqual(["host /tmp/report.pdf"]);
    expect(desk.transfers).toEqual([
      {
        source: { party: { kind: "host" }, paths: [Buffer.from("/tmp/report.pdf")] },
        target: { kind: "vm", vm: desk.vm("disp-1") },
        destination: { kind: "opened", isReadOnly: true },
        permission: {
          kind: "given",
          seq: 1,
          crossing: expect.objectContaining({ action: "file.open" }) as object,
          scans: false,
          oneScannerSuffices: false,
          unscanned: null,
          takesSafeCopy: expect.any(Function) as () => void,
          admits: expect.any(Function) as () => null,
        },
      },
    ]);
    expect(await desk.opened("disp-1")).toMatchObject({
      open: { kind: "file", path: Buffer.from("/run/opened/file") },
    });
    expect(await desk.entries()).toMatchObject([
      {
        action: "file.open",
        from: { kind: "host" },
        to: { kind: "new-disposable" },
        type: "application/pdf",
        by: "rule",
      },
    ]);
    expect(desk.page.asked).toEqual([]);
  });

  it("that does not arrive leaves no disposable behind, and says why", async () => {
    await desk.open();
    const refused = {
      index: 0,
      isFolder: false,
      bytes: 10,
      path: Buffer.from("x"),
      outcome: "refused",
      scan: "",
      reason: "changed",
      sha256: null,
      arrivedAt: null,
    } as const;
    desk.carries = () => ({ files: [refused] });
    const opening = desk.opener.open(byPerson()).catch((error: unknown) => error);
    await desk.comesUp("disp-1");
    expect(await opening).toMatchObject({
      code: "open.failed",
      message: expect.stringContaining("changed while it was read") as string,
    });
    await vi.waitFor(() => expect(desk.application.vms).toHaveLength(4));
  });

  it("is denied where it is larger than its rule lets through", async () => {
    await desk.open();
    await desk.policy.change((text) =>
      text.replace(
        "rules:",
        'rules:\n  - {action: file.open, from: "@host", to: "@disposable", decision: allow, maxBytes: 9}',
      ),
    );
    desk.carries = ({ permission }) => {
      const detail = permission.kind === "given" ? permission.admits?.(10) : null;
      return { state: "denied", files: [], detail: detail ?? "" };
    };
    const opening = desk.opener.open(byPerson()).catch((error: unknown) => error);
    await desk.comesUp("disp-1");
    const message = expect.stringContaining("9 bytes") as string;
    expect(await opening).toMatchObject({ code: "policy.denied", message });
  });

  it("goes to the VM that the person names, which is started, and is asked about where the policy asks", async () => {
    await desk.open();
    const steps: string[] = [];
    const opening = desk.opener.open(byPerson({ in: { kind: "vm", vm: desk.vm("mail") } }), {
      progress: (step, vm = "") => steps.push(`${step} ${vm}`.trim()),
    });
    expect(await desk.answer("once")).toMatchObject({ action: "file.open", preview: { text: "report.pdf" } });
    await desk.comesUp("mail");
    await desk.runs("mail");
    expect(await opening).toMatchObject({ decision: "vm", rule: null });
    expect(steps).toEqual(["asking", "starting mail", "sending mail", "opening mail"]);
  });

  it("is not opened where the person denies it", async () => {
    await desk.open();
    const opening = desk.opener.open(byPerson({ in: { kind: "vm", vm: desk.vm("mail") } }));
    await Promise.all([expect(opening).rejects.toMatchObject({ code: "policy.denied" }), desk.answer("deny")]);
    expect(desk.transfers).toEqual([]);
    expect(desk.vm("mail").isOn).toBe(false);
  });

  it("is not opened where nobody answers in time", async () => {
    await desk.open();
    const gone = new AbortController();
    const opening = desk.opener.open(byPerson({ in: { kind: "vm", vm: desk.vm("mail") } }), { askSignal: gone.signal });
    await vi.waitFor(() => expect(desk.page.asked).toHaveLength(1));
    gone.abort();
    await expect(opening).rejects.toMatchObject({ code: "policy.unanswered" });
  });
});

describe("what no program opens", () => {
  it("is said with who has a program, and the disposable is gone", async () => {
    await desk.open("mail");
    desk.hasPrograms("mail", ["application/pdf"]);
    const opening = desk.opener.open(byPerson()).catch((error: unknown) => error);
    await desk.comesUp("disp-1");
    const { request } = await desk.opened("disp-1");
    desk.fails("disp-1", request, "application/pdf");
    expect(await opening).toMatchObject({
      code: "open.no-handler",
      message: expect.stringContaining("mail has “Viewer”") as string,
      details: { type: "application/pdf", programs: [{ vm: "mail", program: "Viewer" }] },
    });
    await vi.waitFor(() => expect(desk.application.vms).toHaveLength(4));
  });

  it("is said with VMs that do not run, by what they had when they ran last, and with templates", async () => {
    await desk.open("home");
    desk.hasPrograms("mail", ["application/pdf"]);
    await desk.vm("mail").start();
    await desk.comesUp("mail");
    const { id } = desk.vm("mail");
    await vi.waitFor(async () => expect(await desk.known.programFor(id, "application/pdf")).toBe("Viewer"));
    desk.says("mail", { type: "closed", reason: "agent-lost", detail: "" });
    desk.templates = [
      { name: "office", programs: new Map([["application/pdf", "Draw"]]) },
      { name: "other", programs: new Map([["image/png", "Viewer"]]) },
    ];
    const opening = desk.opener.open(byPerson({ from: desk.vm("home") })).catch((error: unknown) => error);
    const { request } = await desk.opened("home");
    desk.fails("home", request, "application/pdf");
    expect(await opening).toMatchObject({
      code: "open.no-handler",
      message: expect.stringContaining(
        "mail (not running) has “Viewer”, template office has “Draw”: open it there, or",
      ) as string,
      details: {
        programs: [
          { vm: "mail", template: null, program: "Viewer", party: { name: "mail" } },
          { vm: null, template: "office", program: "Draw", party: null },
        ],
      },
    });
  });

  it("is said with a template alone, and what a VM had is forgotten with it", async () => {
    await desk.open("home");
    const { id } = desk.vm("mail");
    await desk.known.keep(id, [
      { id: "viewer", name: "Viewer", mimeTypes: ["application/pdf"], categories: [], hidden: false },
    ]);
    await desk.application.remove("mail");
    await vi.waitFor(async () => expect(await desk.known.programFor(id, "application/pdf")).toBeNull());
    desk.templates = [{ name: "office", programs: new Map([["application/pdf", "Draw"]]) }];
    const opening = desk.opener.open(byPerson({ from: desk.vm("home") })).catch((error: unknown) => error);
    const { request } = await desk.opened("home");
    desk.fails("home", request, "application/pdf");
    const message = expect.stringContaining("template office has “Draw”: create a VM of it, or") as string;
    expect(await opening).toMatchObject({ message });
  });

  it("has a next step also where nobody has a program", async () => {
    await desk.open("home");
    const opening = desk.opener.open(byPerson({ from: desk.vm("home") })).catch((error: unknown) => error);
    const { request } = await desk.opened("home");
    desk.fails("home", request, "application/pdf");
    expect(await opening).toMatchObject({
      code: "open.no-handler",
      message: expect.stringContaining("install one") as string,
    });
  });
});

describe("what a program of a VM wants opened", () => {
  it("is left to its agent where it belongs there: nothing is asked, and nothing written down", async () => {
    await desk.open("home");
    expect(await desk.wants("home", 1, file())).toEqual({ type: "answerOpen", wanted: 1, outcome: "here", detail: "" });
    expect(await desk.wants("home", 2, url("http://localhost:8080/callback"))).toMatchObject({ outcome: "here" });
    expect(await desk.entries()).toEqual([]);
    expect(desk.page.asked).toEqual([]);
  });

  it("goes, as a link, to the VM for links when the person has seen the whole of it", async () => {
    await desk.open("home", "web");
    const answer = desk.wants("home", 1, url(LINK));
    expect(await desk.answer("once")).toMatchObject({
      action: "url.open",
      from: { name: "home" },
      to: { name: "web" },
      preview: { kind: "text", text: LINK, isComplete: true },
      answers: ["once", "minutes", "always", "deny"],
    });
    await desk.runs("web");
    expect(await answer).toMatchObject({ outcome: "elsewhere" });
    expect(await desk.opened("web")).toMatchObject({ open: { kind: "url", url: LINK } });
    await vi.waitFor(async () =>
      expect(await desk.entries()).toMatchObject([{ action: "url.open", bytes: LINK.length }]),
    );
  });

  it("is asked about until 'always', whatever the link", async () => {
    await desk.open("home", "web");
    const first = desk.wants("home", 1, url(LINK));
    await desk.answer("always");
    await desk.runs("web", 0);
    await first;
    const second = desk.wants("home", 2, url("https://example.org/b"));
    await desk.runs("web", 1);
    expect(await second).toMatchObject({ outcome: "elsewhere" });
    expect(desk.page.asked).toHaveLength(1);
  });

  it("is told as denied where it is, and the program is told so", async () => {
    await desk.open("home", "web");
    const answer = desk.wants("home", 1, url(LINK));
    await desk.answer("deny");
    expect(await answer).toMatchObject({ outcome: "denied" });
    expect(desk.told).toEqual([]);
  });

  it.each([
    ["file:///etc/passwd"],
    ["javascript:alert(1)"],
    ["https://user@example.org/"],
    ["https://example.org/%00"],
  ])("is refused where it is no link that is opened: %s", async (text) => {
    await desk.open("home", "web");
    expect(await desk.wants("home", 1, url(text))).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("not opened") as string,
    });
    expect(await desk.entries()).toEqual([]);
  });

  it("does not leave a vault, as a link, whatever the rules say", async () => {
    fs.writeFileSync(desk.rules.file, `rules: [{type: "@any", from: "@any", in: web}]\n`);
    await desk.open("vault", "web");
    expect(await desk.wants("vault", 1, url(LINK))).toMatchObject({ outcome: "here" });
    expect(await desk.wants("vault", 2, url("mailto:a@example.org"))).toMatchObject({ outcome: "here" });
    expect(await desk.wants("vault", 3, url(LINK), { disposable: true })).toMatchObject({ outcome: "here" });
  });

  it("is carried from what the agent has opened, by the number of the request, and is answered after that", async () => {
    fs.writeFileSync(desk.rules.file, `rules: [{type: document, from: home, in: mail}]\n`);
    await desk.open("home", "mail");
    const answer = desk.wants("home", 7, file());
    await desk.runs("mail");
    expect(await answer).toMatchObject({ outcome: "elsewhere" });
    expect(desk.transfers[0]).toMatchObject({ source: { party: { kind: "vm", vm: desk.vm("home") }, wanted: 7 } });
  });

  it("is told to the person where it fails", async () => {
    fs.writeFileSync(desk.rules.file, `rules: [{type: document, from: home, in: mail}]\n`);
    await desk.open("home", "mail");
    desk.hasPrograms("home", ["application/pdf"]);
    const answer = desk.wants("home", 1, file());
    const { request } = await desk.opened("mail");
    desk.fails("mail", request, "application/pdf");
    expect(await answer).toMatchObject({ outcome: "failed" });
    await vi.waitFor(() =>
      expect(desk.told).toMatchObject([
        { outcome: "no-handler", item: { name: "report.pdf" }, programs: [{ vm: "home", program: "Viewer" }] },
      ]),
    );
  });

  it("is told to the person, with who has a program, where it was left to a VM that has none", async () => {
    await desk.open("home", "mail");
    desk.hasPrograms("mail", ["application/pdf", "x-scheme-handler/https"]);
    expect(await desk.wants("home", 1, file())).toMatchObject({ outcome: "here", detail: "" });
    const told = [
      { outcome: "no-handler", item: { name: "report.pdf" }, programs: [{ vm: "mail", program: "Viewer" }] },
    ];
    expect(await desk.wants("home", 2, file(), { noProgram: true })).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("mail has “Viewer”: open it there") as string,
    });
    expect(desk.told).toMatchObject(told);
    // Also of a link, whatever the rules say of it: it is not begun anew.
    expect(await desk.wants("home", 3, url(LINK), { noProgram: true, disposable: true })).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("no program that opens https links") as string,
    });
    expect(desk.told).toHaveLength(2);
    expect(desk.page.asked).toEqual([]);
    expect(await desk.entries()).toEqual([]);
  });

  it("is asked about one at a time, and too many are refused", async () => {
    await desk.open("home", "web");
    const answers = Array.from({ length: 9 }, (_, at) => desk.wants("home", at + 1, url(`${LINK}${at}`)));
    expect(await answers.at(-1)).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("too much at once") as string,
    });
    await vi.waitFor(() => expect(desk.page.asked).toHaveLength(1));
    for (let at = 0; at < 3; at += 1) {
      await desk.answer("deny", at);
      expect(await answers[at]).toMatchObject({ outcome: "denied" });
    }
    // A person who has said no three times is left alone with the others.
    for (const answer of answers.slice(3, 8))
      expect(await answer).toMatchObject({ outcome: "denied", detail: expect.stringContaining("60 s") as string });
    expect(desk.page.asked).toHaveLength(3);
  });

  it("is no longer asked about when its VM has gone", async () => {
    await desk.open("home", "web");
    void desk.wants("home", 1, url(LINK)).catch(() => undefined);
    await vi.waitFor(() => expect(desk.page.asked).toHaveLength(1));
    desk.says("home", { type: "closed", reason: "agent-lost", detail: "" });
    await vi.waitFor(() => expect(desk.page.cancelled).toHaveLength(1));
  });

  it("that is too long to be looked at goes nowhere else", async () => {
    await desk.open("home", "web");
    const answer = desk.wants("home", 1, url(`https://example.org/${"a".repeat(5000)}`));
    expect(await answer).toMatchObject({ outcome: "failed", detail: expect.stringContaining("4096") as string });
    expect(desk.page.asked).toEqual([]);
  });
});

describe("the loop guard", () => {
  const rules = `rules:\n  - {type: web, from: home, in: mail}\n  - {type: web, from: mail, in: home}\n`;

  it("what came from a VM does not go back to it", async () => {
    fs.writeFileSync(desk.rules.file, rules);
    await desk.open("home", "mail");
    const there = desk.wants("home", 1, url(LINK));
    await desk.runs("mail");
    await there;
    expect(await desk.wants("mail", 1, url(LINK))).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("round for ever") as string,
    });
    const other = desk.wants("mail", 2, url("https://example.org/other"));
    await desk.runs("home");
    expect(await other).toMatchObject({ outcome: "elsewhere" });
  });
});

describe("the loop guard, however it is called where it arrives", () => {
  it("refuses what has been in too many VMs, and forgets it after a minute", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    for (const name of names) desk.define(name, "lagoon");
    const rules = names.map((name, at) => `{type: web, from: ${name}, in: ${names[at + 1] ?? "web"}}`);
    fs.writeFileSync(desk.rules.file, `rules: [${rules.join(", ")}]\n`);
    await desk.open(...names);
    const now = vi.spyOn(performance, "now");
    onTestFinished(() => now.mockRestore());
    for (const [at, name] of names.slice(0, 4).entries()) {
      const there = desk.wants(name, 1, url(LINK));
      await desk.runs(names[at + 1] ?? "");
      expect(await there).toMatchObject({ outcome: "elsewhere" });
    }
    expect(await desk.wants("e", 1, url(LINK))).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("through too many VMs") as string,
    });
    now.mockReturnValue(performance.now() + 61_000);
    const again = desk.wants("e", 2, url(LINK));
    await desk.runs("f");
    expect(await again).toMatchObject({ outcome: "elsewhere" });
  });
});

describe("a disposable", () => {
  /** Of home, with its window. */
  async function disposable(name = "disp-1"): Promise<void> {
    const opening = desk.opener.open(byPerson({ in: { kind: "disposable" }, from: desk.vm("home") }));
    await desk.comesUp(name);
    await desk.runs(name);
    await opening;
  }

  it("opens nothing elsewhere but by the person's own choice, which is not asked for twice", async () => {
    await desk.open("home", "web");
    await disposable();
    const answer = desk.wants("disp-1", 1, url(LINK));
    const question = await desk.answer({ place: { kind: "vm", vm: desk.vm("web").id }, edit: false, always: false });
    expect(question).toMatchObject({
      item: { kind: "url", url: LINK },
      group: "web",
      from: { name: "disp-1" },
      rule: { text: "type: web, from: @disposable, in: ask" },
      canEdit: false,
      canRemember: false,
    });
    await desk.runs("web");
    expect(await answer).toMatchObject({ outcome: "elsewhere" });
    expect(desk.page.asked).toHaveLength(1);
    expect((await desk.entries()).at(-1)).toMatchObject({ action: "url.open", by: "person", detail: "chosen" });
  });

  it("is where a person of a VM wants it, whatever the rules say of it", async () => {
    await desk.open("home");
    const answer = desk.wants("home", 1, file(), { disposable: true });
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    expect(await answer).toMatchObject({ outcome: "elsewhere" });
  });

  it("is refused to a program of a VM that has four already, until one of them is closed", async () => {
    await desk.open("home");
    for (let at = 1; at <= 4; at += 1) {
      const answer = desk.wants("home", at, file(), { disposable: true });
      await desk.comesUp(`disp-${at}`);
      await desk.runs(`disp-${at}`);
      expect(await answer).toMatchObject({ outcome: "elsewhere" });
    }
    expect(await desk.wants("home", 5, file(), { disposable: true })).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("close one of them first") as string,
    });
    // The person's own do not count.
    await disposable("disp-5");
    desk.closes("disp-1");
    await vi.waitFor(() => expect(desk.application.vms.map((vm) => vm.definition.name)).not.toContain("disp-1"));
    const again = desk.wants("home", 6, file(), { disposable: true });
    await desk.comesUp("disp-6");
    await desk.runs("disp-6");
    expect(await again).toMatchObject({ outcome: "elsewhere" });
  });

  it("is not left for another one because a program in it says so", async () => {
    await desk.open("home");
    await disposable();
    const answer = desk.wants("disp-1", 1, file(), { disposable: true });
    await desk.answer(null);
    expect(await answer).toMatchObject({ outcome: "denied" });
  });

  it("is asked also where a rule sends it on, to the VM of the same label too", async () => {
    fs.writeFileSync(desk.rules.file, `rules: [{type: "@any", from: "@disposable", in: mail}]\n`);
    await desk.open("home", "mail");
    await disposable();
    const answer = desk.wants("disp-1", 1, file());
    expect(await desk.answer(null)).toMatchObject({
      rule: null,
      explanation: expect.stringContaining("nothing goes on without your own choice") as string,
      choices: [
        { party: { name: "mail" } },
        { place: { kind: "here" } },
        {},
        {},
        {},
        { place: { kind: "safe" } },
        { place: { kind: "disposable" } },
      ],
    });
    expect(await answer).toMatchObject({ outcome: "denied" });
  });
});

describe("a choice of the person", () => {
  beforeEach(async () => {
    fs.writeFileSync(desk.rules.file, `rules:\n  - type: document\n    from: home\n    in: ask\n`);
    await desk.open("home", "mail");
  });

  it("offers what the policy would not deny, and why", async () => {
    await desk.policy.change((text) =>
      text.replace("rules:\n", "rules:\n  - {action: file.open, from: home, to: web, decision: deny}\n"),
    );
    const answer = desk.wants("home", 1, file());
    const asked = await desk.answer({ place: { kind: "here" }, edit: true, always: false });
    expect(asked).toMatchObject({ canEdit: true, canRemember: true });
    expect(
      (asked as { choices: { party: { name?: string }; why: string }[] }).choices.map(({ party, why }) => [
        party.name,
        why,
      ]),
    ).toEqual([
      ["home", "where it is"],
      ["mail", "no program for it is known"],
      ["vault", "does not run: it is started"],
      ["home", "its pages as pictures, without all that is hidden in it"],
      [undefined, "made for it, then gone"],
    ]);
    expect(await answer).toMatchObject({ outcome: "here" });
  });

  it("is a rule from then on when it is for always, which can be undone", async () => {
    const answer = desk.wants("home", 1, file());
    await desk.answer({ place: { kind: "vm", vm: desk.vm("mail").id }, edit: false, always: true });
    await desk.runs("mail");
    await answer;
    expect(desk.rules.current[0]?.text).toBe("type: document, from: home, in: mail");
    expect(desk.page.events.filter(({ name }) => name === "open.rulesChanged")).toMatchObject([
      { payload: { written: { change: 1 } } },
    ]);
    const second = desk.wants("home", 2, file());
    await desk.runs("mail", 1);
    await second;
    expect(desk.page.asked).toHaveLength(1);
  });
});

describe("a safe copy", () => {
  const safe = { in: { kind: "safe" } } as const;

  it("is made and opened where the file is, and the file is not", async () => {
    await desk.open("home");
    const opening = desk.opener.open(byPerson({ ...safe, from: desk.vm("home") }));
    await desk.runs("home");
    const opened = await opening;
    expect(opened).toMatchObject({ decision: "safe", safe: { pages: 2, bytes: 4_000 }, rule: null });
    expect([opened.vm, desk.transfers]).toEqual([desk.vm("home"), []]);
    expect(desk.safeCopies).toMatchObject([
      {
        source: { party: { kind: "vm", vm: desk.vm("home") }, paths: [Buffer.from("/tmp/report.pdf")] },
        to: desk.vm("home"),
        path: Buffer.from("/tmp/report.pdf"),
      },
    ]);
    expect(await desk.opened("home")).toMatchObject({
      open: { kind: "file", path: Buffer.from("/home/user/report-safe.pdf") },
    });
    // The document goes to a VM that is gone afterwards.
    expect(await desk.entries()).toMatchObject([
      {
        action: "file.open",
        from: { name: "home" },
        to: { kind: "new-disposable" },
        detail: "safe copy: 2 pages, 4000 bytes",
      },
    ]);
    // It has not failed.
    expect(desk.page.events.filter(({ name }) => name === "crossing.notice")).toMatchObject([
      { payload: { failure: "" } },
    ]);
  });

  it("of a file of the host opens in a disposable, which is gone where there is none", async () => {
    await desk.open();
    const opening = desk.opener.open(byPerson(safe));
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    expect(await opening).toMatchObject({ decision: "safe", vm: desk.vm("disp-1") });
    expect(desk.safeCopies).toMatchObject([{ to: desk.vm("disp-1"), path: Buffer.from("report.pdf") }]);
    desk.makesSafe = () => Promise.reject(new AppError("open.no-safe-copy", "It is broken."));
    const failing = desk.opener.open(byPerson(safe));
    failing.catch(() => undefined);
    await desk.comesUp("disp-2");
    await expect(failing).rejects.toThrow("It is broken.");
    expect(desk.application.vms.map(({ definition }) => definition.name)).not.toContain("disp-2");
  });

  it("is made in place of a file that no scanner could look at, where the person takes it", async () => {
    await desk.open("home");
    desk.carries = ({ permission }) => {
      if (permission.kind === "given") permission.takesSafeCopy?.();
      return { state: "failed", files: [], detail: "It is held." };
    };
    const opening = desk.opener.open(byPerson({ in: { kind: "disposable" }, from: desk.vm("home") }));
    await desk.comesUp("disp-1");
    await desk.runs("home");
    expect(await opening).toMatchObject({ decision: "safe", vm: desk.vm("home") });
    expect(desk.safeCopies).toMatchObject([{ to: desk.vm("home"), path: Buffer.from("/tmp/report.pdf") }]);
    // The disposable that was made for the file is of no use.
    expect(desk.application.vms.map(({ definition }) => definition.name)).not.toContain("disp-1");
  });

  it("is not offered in place of what has no pages", async () => {
    await desk.open("home");
    const item = fileItem(Buffer.from("/tmp/notes.zip"));
    const opening = desk.opener.open(byPerson({ item, in: { kind: "vm", vm: desk.vm("home") } }));
    await desk.answer("once");
    await desk.runs("home");
    await opening;
    expect(desk.transfers[0]?.permission).toMatchObject({ takesSafeCopy: undefined });
  });

  it("is made of no link, and of nothing that the policy keeps where it is", async () => {
    await desk.open("home");
    const from = desk.vm("home");
    await expect(desk.opener.open(byPerson({ ...safe, from, item: linkItem(LINK) }))).rejects.toMatchObject({
      code: "open.no-file",
    });
    await desk.policy.change((text) =>
      text.replace("rules:\n", "rules:\n  - {action: file.open, from: home, to: '@disposable', decision: deny}\n"),
    );
    await expect(desk.opener.open(byPerson({ ...safe, from }))).rejects.toMatchObject({ code: "policy.denied" });
    expect(desk.safeCopies).toEqual([]);
  });

  it("can be chosen where a program of a VM has asked, and is no rule", async () => {
    fs.writeFileSync(desk.rules.file, `rules:\n  - type: document\n    from: home\n    in: ask\n`);
    await desk.open("home");
    const answer = desk.wants("home", 1, file());
    await desk.answer({ place: { kind: "safe" }, edit: true, always: true });
    await desk.runs("home");
    expect(await answer).toMatchObject({ outcome: "elsewhere" });
    expect(desk.safeCopies).toMatchObject([{ source: { wanted: 1 }, path: Buffer.from("/home/user/report.pdf") }]);
    expect(desk.rules.current[0]?.text).toBe("type: document, from: home, in: ask");
  });

  it("is among the choices also where it is not known yet, as at the application's start, that it can be made", async () => {
    const known = deferred<void>();
    [desk.safeCopying.canBeMade, desk.safeCopying.known] = [false, known.promise];
    fs.writeFileSync(desk.rules.file, `rules:\n  - type: document\n    from: home\n    in: ask\n`);
    await desk.open("home");
    const answer = desk.wants("home", 1, file());
    for (let at = 0; at < 20; at += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(desk.page.asked).toEqual([]);
    desk.safeCopying.canBeMade = true;
    known.resolve();
    const places = ((await desk.answer(null)) as QuestionPayload<"open.choose">).choices.map(({ place }) => place.kind);
    expect(places).toContain("safe");
    expect(await answer).toMatchObject({ outcome: "denied" });
  });
});

describe("a disposable's network", () => {
  it.each([
    ["is asked for where a link opens in it", linkItem(LINK), "firewall"],
    ["is none where a file does", PDF, "none"],
  ] as const)("%s, and is for the VM that it comes from", async (_what, item, network) => {
    await desk.open("home");
    const rule = '  - {action: url.open, from: home, to: "@disposable", decision: allow}';
    await desk.policy.change((text) => text.replace("rules:", `rules:\n${rule}`));
    const start = vi.spyOn(desk.disposables, "start");
    const opening = desk.opener.open(byPerson({ item, in: { kind: "disposable" }, from: desk.vm("home") }));
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    await opening;
    expect(start.mock.calls.map(([request]) => request)).toMatchObject([{ network, forVm: desk.vm("home").id }]);
    // One may wait for a file; a link needs a network from its start on.
    expect(desk.forFiles).toBe(item === PDF ? 1 : 0);
  });
});

it("a file that a program opens which runs already shows in that one's new window", async () => {
  await desk.open("mail");
  const open = (at: number): Promise<Opened> =>
    desk.opener.open(byPerson({ from: desk.vm("mail"), item: fileItem(Buffer.from(`/home/user/${at}.odt`)) }));
  const first = open(1);
  await desk.runs("mail");
  await first;
  const second = open(2);
  const { request } = await desk.opened("mail", 1);
  desk.launched("mail", request);
  // The second start of the program has given the file to the first one, and ended.
  desk.window("mail", 200, (await desk.opened("mail")).request);
  expect(await second).toMatchObject({ decision: "here", windowId: expect.stringMatching(/\.200$/) as string });
});

describe("a link in a browser that runs", () => {
  it("shows in a window of it, where no new one comes", async () => {
    await desk.open("web");
    desk.hasPrograms("web", ["x-scheme-handler/https"], "browser.desktop");
    desk.window("web", 5, null, "terminal");
    desk.window("web", 6, null, "browser");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const opening = desk.opener.open(byPerson({ item: linkItem(LINK), from: desk.vm("web") }));
    const { request } = await desk.opened("web");
    desk.launched("web", request);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await opening).toMatchObject({ decision: "here", windowId: expect.stringMatching(/\.6$/) as string });
  });
});
