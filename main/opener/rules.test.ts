import { describe, expect, it } from "vitest";
import type { TypeGroup } from "#shared/model/open.ts";
import type { VmId } from "#shared/model/vm.ts";
import { HOST, NEW_DISPOSABLE, type Party, type VmParty } from "../policy/crossing.ts";
import { DEFAULT_OPEN_RULES } from "./default-rules.ts";
import { decidePlace, type OpenRule, type PlaceDecision, readOpenRules } from "./rules.ts";

function vm(name: string, digit: number, more: Partial<VmParty> = {}): VmParty {
  const id = `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;
  return { kind: "vm", id, name, label: "lagoon", role: "app", template: "debian", ...more };
}
const HOME = vm("home", 1);
const WEB = vm("web", 2, { label: "coral" });
const VAULT = vm("vault", 4, { role: "vault" });
const DISPOSABLE = vm("disp-1", 5, { role: "disposable" });
const VMS = [HOME, WEB, VAULT, DISPOSABLE];

function rulesOf(text: string): readonly OpenRule[] {
  const read = readOpenRules(text, "/open.yaml");
  return read.ok ? read.value : expect.unreachable(read.problem.reason);
}

interface Asked {
  group: TypeGroup;
  from: Party;
  vms?: readonly VmParty[];
  isLink?: boolean;
  isLocal?: boolean;
}

function decide(
  text: string,
  { group, from, vms = VMS, isLink = group === "web", isLocal = false }: Asked,
): PlaceDecision {
  return decidePlace(rulesOf(text), { group, isLink, isLocal, from }, vms);
}

function placeWord({ place }: PlaceDecision): string {
  if (place.kind === "vm") return place.vm.name;
  return place.kind === "ask" && place.suggested !== null
    ? `ask (${placeWord({ place: place.suggested } as PlaceDecision)})`
    : place.kind;
}

describe("the rules of the first start", () => {
  it.each<[TypeGroup, Party, string]>([
    ["document", HOME, "here"],
    ["program", HOME, "here"],
    ["other", WEB, "here"],
    ["web", HOME, "web"],
    ["web", WEB, "here"],
    ["web", VAULT, "here"],
    ["document", VAULT, "here"],
    ["web", DISPOSABLE, "ask"],
    ["image", DISPOSABLE, "here"],
    ["mail", HOME, "here"],
    ["document", HOST, "disposable"],
    ["program", HOST, "disposable"],
    ["other", HOST, "disposable"],
    ["web", HOST, "web"],
    ["mail", HOST, "ask"],
  ])("%s from %j: %s", (group, from, place) => {
    const decided = decide(DEFAULT_OPEN_RULES, { group, from });
    expect(placeWord(decided)).toBe(place);
    expect(decided.edit).toBe(false);
    expect(decided.explanation).not.toBe("");
  });

  it("links stay where they are while there is no VM for them", () => {
    expect(placeWord(decide(DEFAULT_OPEN_RULES, { group: "web", from: HOME, vms: [HOME] }))).toBe("here");
    expect(placeWord(decide(DEFAULT_OPEN_RULES, { group: "web", from: HOST, vms: [HOME] }))).toBe("disposable");
  });
});

describe("what no rule can change", () => {
  const all = `rules: [{type: "@any", from: "@any", in: web}]`;
  it.each<[string, Asked, string]>([
    ["a link of a vault stays in it", { group: "web", from: VAULT }, "here"],
    ["a mail link of a vault too", { group: "mail", from: VAULT, isLink: true }, "here"],
    ["a mail file of a vault does not", { group: "mail", from: VAULT }, "web"],
    ["from a disposable nothing goes on unasked", { group: "document", from: DISPOSABLE }, "ask (web)"],
    ["a link to the machine itself stays on it", { group: "web", from: HOME, isLocal: true }, "here"],
  ])("%s", (_what, asked, place) => {
    const decided = decide(all, asked);
    expect(placeWord(decided)).toBe(place);
  });

  it("a disposable does not open in a disposable unasked, whichever rule says so", () => {
    const text = `rules: [{type: "@any", from: "@disposable", in: disposable}]`;
    expect(placeWord(decide(text, { group: "document", from: DISPOSABLE }))).toBe("ask (disposable)");
    expect(placeWord(decide("", { group: "document", from: DISPOSABLE }))).toBe("ask (disposable)");
  });
});

describe("how a rule is chosen", () => {
  it.each<[string, string, Asked, string]>([
    [
      "the first one",
      "{type: image, from: home, in: web}, {type: image, from: home, in: disposable}",
      { group: "image", from: HOME },
      "web",
    ],
    [
      "by its group",
      "{type: image, from: home, in: web}, {type: text, from: home, in: here}",
      { group: "text", from: HOME },
      "here",
    ],
    [
      "by the origin's label",
      '{type: text, from: "@label:coral", in: ask}, {type: text, from: "@any", in: here}',
      { group: "text", from: WEB },
      "ask",
    ],
    ["by its role", '{type: text, from: "@role:vault", in: ask}', { group: "text", from: VAULT }, "ask"],
    ["any VM is not the host", '{type: text, from: "@any", in: here}', { group: "text", from: HOST }, "disposable"],
    ["none: a disposable", "{type: image, from: web, in: web}", { group: "text", from: HOME }, "disposable"],
    ["the VM itself is here", "{type: text, from: home, in: home}", { group: "text", from: HOME }, "here"],
    [
      "one that names no VM matches nothing",
      "{type: text, from: home, in: nobody}, {type: text, from: home, in: ask}",
      { group: "text", from: HOME },
      "ask",
    ],
  ])("%s", (_how, list, asked, place) => {
    expect(placeWord(decide(`rules: [${list}]`, asked))).toBe(place);
  });

  it("says its line, and why", () => {
    const decided = decide(`rules:\n  - type: image\n    from: home\n    in: web\n    edit: true\n`, {
      group: "image",
      from: HOME,
    });
    expect(decided).toMatchObject({
      edit: true,
      rule: { line: 2, text: "type: image, from: home, in: web, edit: true" },
      explanation: "Line 2 of open.yaml opens images from home in web.",
    });
    expect(decide("", { group: "image", from: HOST }).explanation).toBe(
      "No rule of open.yaml matches images from the host, so they open in a disposable VM.",
    );
  });

  it("a template is for a disposable of it", () => {
    const text = `rules: [{type: web, from: "@host", in: disposable, template: debian-web}]`;
    expect(decide(text, { group: "web", from: HOST }).place).toEqual({ kind: "disposable", template: "debian-web" });
  });

  it("what is made for the table is a disposable", () => {
    expect(placeWord(decide(DEFAULT_OPEN_RULES, { group: "web", from: NEW_DISPOSABLE }))).toBe("ask");
  });
});

describe("a file with a mistake", () => {
  it.each([
    ["rules: [{type: picture, from: home, in: here}]", "rules.0.type"],
    ["rules: [{type: image, from: Home, in: here}]", '"Home" is no VM'],
    ["rules: [{type: image, from: home, in: HERE}]", '"HERE" is none of'],
    ['rules: [{type: image, from: "@host", in: here}]', "nothing is opened on the host"],
    ["rules: [{type: image, from: home, in: web, template: debian}]", "only a disposable VM"],
    ["rules: [{type: image, from: home, in: web, colour: red}]", "there is no such field"],
    ["rules: {}", "rules"],
    ["rules: [", "rules"],
  ])("%s", (text, reason) => {
    const read = readOpenRules(text, "/open.yaml");
    expect(read.ok ? null : read.problem.reason).toEqual(
      expect.stringContaining(reason.startsWith("rules") ? "" : reason),
    );
    expect(read.ok).toBe(false);
  });
});
