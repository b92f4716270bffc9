import { describe, expect, it } from "vitest";
import type { AppError } from "#shared/model/app-error.ts";
import { formatDefinition, parseDefinition, type VmDefinition } from "./definition.ts";

const good = `id: 11111111-1111-4111-8111-111111111111
driver: qemu
label: coral
template: debian
`;

function failure(text: string, name = "work"): AppError {
  try {
    parseDefinition(name, text, "/c/work.yaml");
  } catch (error) {
    return error as AppError;
  }
  return expect.unreachable("it was accepted");
}

describe("parseDefinition", () => {
  it("fills in what may be left out", () => {
    expect(parseDefinition("work", good, "f")).toMatchObject({
      name: "work",
      label: "coral",
      memory: null,
      cpus: null,
      network: "none",
    });
  });

  it("reads what formatDefinition wrote", () => {
    const definition: VmDefinition = parseDefinition("work", good, "f");
    expect(parseDefinition("work", formatDefinition(definition), "f")).toEqual(definition);
  });

  it.each([
    ["a label nobody knows", good.replace("coral", "pink"), 3, "label"],
    ["a field nobody knows", `${good}colour: red\n`, 1, "colour"],
    ["a template that is a path", good.replace("debian", "../../etc"), 4, "template"],
    ["a network that is not there yet", `${good}network: direct\n`, 5, "network"],
    ["memory that is no number", `${good}memory: lots\n`, 5, "memory"],
    ["no YAML", `${good}label: [\n`, 5, ""],
    ["nothing", "", 1, ""],
  ])("names file, line and reason for %s", (_what, text, line, reason) => {
    const error = failure(text);
    expect(error.code).toBe("vm.bad-definition");
    expect(error.details).toMatchObject({ file: "/c/work.yaml", line });
    expect(error.message).toContain(reason);
  });

  it("refuses a name that would be an option, a path or markup", () => {
    for (const name of ["-x", "a/b", "a'/><hostdev", "A", "", "a".repeat(32)])
      expect(failure(good, name).code).toBe("vm.bad-definition");
  });
});
