import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import { AppList } from "./apps.ts";
import type { App } from "./gen/atoll_pb.ts";
import { APP_TEXT_BYTES, MAX_APP_LIST, MAX_APP_TEXT_BYTES, MAX_APPS, MAX_APPS_BYTES } from "./limits.ts";

const app = (fields: object = {}): App =>
  ({ id: "a", name: "A", mimeTypes: [], categories: [], hidden: false, ...fields }) as unknown as App;
const accept = (...parts: App[][]): string => {
  const list = new AppList();
  return codeOf(() => {
    for (const part of parts) list.accept(part);
  });
};
const long = "x".repeat(MAX_APP_TEXT_BYTES);

describe("a list of applications", () => {
  it("comes in parts, with texts that are cleaned", () => {
    const list = new AppList();
    list.accept([app({ id: "a\u0007", name: "A\u202e", mimeTypes: ["t\u0000"], categories: ["c\n d"], hidden: true })]);
    list.accept([app()]);
    expect(list.apps).toEqual([
      { id: "a", name: "A", mimeTypes: ["t"], categories: ["c d"], hidden: true },
      { id: "a", name: "A", mimeTypes: [], categories: [], hidden: false },
    ]);
  });

  it("has so many of them, over all its parts", () => {
    const half = Array.from({ length: MAX_APPS / 2 }, () => app());
    expect(accept(half, half)).toBe("accepted");
    expect(accept(half, half, [app()])).toBe("quota");
  });

  it.each(["id", "name"])("has texts of so many bytes: %s", (field) => {
    expect(accept([app({ [field]: long })])).toBe("accepted");
    expect(accept([app({ [field]: `${long}x` })])).toBe("text-too-long");
  });

  it.each(["mimeTypes", "categories"])("has so many texts of one kind: %s", (field) => {
    const most = Array.from({ length: MAX_APP_LIST }, () => "x");
    expect(accept([app({ [field]: most })])).toBe("accepted");
    expect(accept([app({ [field]: [...most, "x"] })])).toBe("quota");
    expect(accept([app({ [field]: [`${long}x`] })])).toBe("text-too-long");
  });

  it("has so many bytes of texts, each counted with what it takes in memory", () => {
    // An id and a name, which are empty, count too.
    const bytesOf = (texts: number): number => texts * (MAX_APP_TEXT_BYTES + APP_TEXT_BYTES) + 2 * APP_TEXT_BYTES;
    const full = app({ id: "", name: "", mimeTypes: Array.from({ length: MAX_APP_LIST }, () => long) });
    const parts = Array.from({ length: Math.floor(MAX_APPS_BYTES / bytesOf(MAX_APP_LIST)) }, () => [full]);
    let left = MAX_APPS_BYTES - parts.length * bytesOf(MAX_APP_LIST);
    const rest: App[] = [];
    while (left > 0) {
      const size = Math.min(left, 2 * (MAX_APP_TEXT_BYTES + APP_TEXT_BYTES)) - 2 * APP_TEXT_BYTES;
      rest.push(app({ id: "x".repeat(Math.ceil(size / 2)), name: "x".repeat(Math.floor(size / 2)) }));
      left -= size + 2 * APP_TEXT_BYTES;
    }
    expect(left).toBe(0);
    expect(accept(...parts, rest)).toBe("accepted");
    expect(accept(...parts, rest, [app({ id: "", name: "" })])).toBe("quota");
  });
});
