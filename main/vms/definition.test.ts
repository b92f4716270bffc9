import { describe, expect, it } from "vitest";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import { DRIVER_TYPES } from "../hardware/driver-types.ts";
import { definitionSchema, formatDefinition, parseDefinition, type VmDefinition } from "./definition.ts";

const schema = definitionSchema(DRIVER_TYPES);
const good = `id: 11111111-1111-4111-8111-111111111111
driver: qemu
label: coral
template: debian
`;

function parsed(text: string): VmDefinition {
  const read = parseDefinition(schema, "work", text, "f");
  return read.ok ? read.value : expect.unreachable(read.problem.reason);
}

function problem(text: string, name = "work"): FileProblem {
  const read = parseDefinition(schema, name, text, "/c/work.yaml");
  return read.ok ? expect.unreachable("it was accepted") : read.problem;
}

describe("parseDefinition", () => {
  it("fills in what may be left out", () => {
    expect(parsed(good)).toMatchObject({
      name: "work",
      label: "coral",
      memory: null,
      cpus: null,
      network: "none",
      autostart: false,
    });
  });

  it("takes the role of a VM, and leaves it to the default where nothing is said", () => {
    expect(parsed(`${good}role: vault\n`).role).toBe("vault");
    expect(parsed(good).role).toBeUndefined();
    expect(problem(`${good}role: king\n`).reason).toContain("role");
  });

  it("refuses fields of another driver, and a driver that nobody registered", () => {
    const external = good.replace("qemu", "external");
    expect(problem(external)).toMatchObject({ line: 4, column: 1, reason: "template: there is no such field" });
    expect(problem(good.replace("qemu", "toaster"))).toMatchObject({ line: 2, column: 9 });
  });

  it("takes nothing from a file that only a source may say", () => {
    const forVm = "forVm: 1f0e4a52-6c1b-4d8e-9a37-2b5c7d9e0f14";
    expect(problem(`${good}${forVm}\n`).reason).toContain("there is no such field");
  });

  it("reads what formatDefinition wrote", () => {
    const definition = parsed(good);
    expect(parsed(formatDefinition(definition))).toEqual(definition);
  });

  it.each([
    ["a label nobody knows", good.replace("coral", "pink"), 3, 8, "label"],
    ["a field nobody knows", `${good}colour: red\n`, 5, 1, "colour"],
    ["a template that is a path", good.replace("debian", "../../etc"), 4, 11, "template"],
    [
      "a network that there is not",
      `${good}network: shared\n`,
      5,
      10,
      "network: must be one of: none, firewall, direct",
    ],
    ["memory that is no number", `${good}memory: lots\n`, 5, 9, "memory"],
    ["a label said twice", `${good}label: rose\n`, 5, 1, ""],
    ["nothing", "", 1, 1, ""],
  ])("names file, place and reason for %s", (_what, text, line, column, reason) => {
    const found = problem(text);
    expect(found).toMatchObject({ file: "/c/work.yaml", line, column });
    expect(found.reason).toContain(reason);
  });

  it("refuses a socket whose path is too long to be connected to", () => {
    const external = (bulk: string): string =>
      `id: 11111111-1111-4111-8111-111111111111\ndriver: external\nlabel: coral\nchannels:\n  control: /c\n  frames: /f\n  bulk: ${bulk}\n`;
    expect(parsed(external(`/${"é".repeat(53)}`))).toMatchObject({ driver: "external" });
    expect(problem(external(`/${"é".repeat(54)}`))).toMatchObject({
      line: 7,
      reason: "channels.bulk: the path of a unix socket has at most 107 bytes",
    });
  });

  it("refuses a name that would be an option, a path or markup", () => {
    for (const name of ["-x", "a/b", "a'/><hostdev", "A", "", "a".repeat(32)])
      expect(problem(good, name).reason).toContain("is not a valid VM name");
  });
});
