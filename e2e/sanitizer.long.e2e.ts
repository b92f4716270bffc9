/** Office documents made safe, by a copy of the service that has LibreOffice: the option of its recipe, as docs/open.md says. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";

const checkout = path.resolve(import.meta.dirname, "..");

let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(1_200_000);
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) =>
    writePolicy(home, [{ action: "file.open", from: "@any", to: "@disposable", decision: "allow" }]),
  );
  const folder = path.join(desktop.home, "office");
  fs.cpSync(path.join(checkout, "services/sanitizer"), folder, { recursive: true });
  const manifest = path.join(folder, "service.yaml");
  const text = fs.readFileSync(manifest, "utf8").replace("name: sanitizer", "name: office");
  fs.writeFileSync(manifest, text.replaceAll("    # - libreoffice", "    - libreoffice"));
  // Its image is built with it.
  for (const words of [
    ["install", folder, "--yes"],
    ["start", "office"],
  ]) {
    const done = await desktop.atoll("service", ...words);
    expect(done, done.stderr).toMatchObject({ code: 0 });
  }
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await desktop.close();
});

async function put(name: string, content: string): Promise<void> {
  expect(await desktop.pipe(Buffer.from(content), "exec", "home", "--", "sh", "-c", `cat > ${name}`)).toMatchObject({
    code: 0,
  });
}

test("the pages of an office document come back as pictures", async () => {
  test.setTimeout(900_000);
  await put("letter.rtf", "{\\rtf1 first page\\page second page}");
  interface Safe {
    safe: { path: string; pages: number; bytes: number };
  }
  const { safe } = await desktop.json<Safe>("open", "--sanitized", "--from", "home", "letter.rtf");
  expect(safe).toMatchObject({ path: "/home/user/letter-safe.pdf", pages: 2, bytes: expect.any(Number) });
  const copy = await desktop.read("home", "letter-safe.pdf");
  expect(copy.match(/\/Subtype\/Image/g)).toHaveLength(2);
  expect(copy).not.toContain("first page");
  // Of A4, or Letter, at 150 pixels an inch.
  const sizes = Array.from(copy.matchAll(/\/Width (\d+)\/Height (\d+)/g), ([, width, height]) => [width, height]);
  for (const [width, height] of sizes) {
    expect(Number(width)).toBeGreaterThan(1_200);
    expect(Number(height)).toBeGreaterThan(1_600);
  }
});
