/** More files from one guest to another than `npm test` has time for. */
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";

const FILES = 20_000;
const FOLDERS = 200;

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    writePolicy(home, [{ action: "file.send", from: "home", to: "web", decision: "allow" }]),
  );
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});

test.afterAll(() => desktop.close());

/** What a shell of the guest prints. */
async function bash(vm: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await desktop.atoll("exec", vm, "--", "bash", "-c", script);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** One number for names and contents of all files in a folder. */
const allOf = (vm: string, folder: string): Promise<string> =>
  bash(vm, `cd ${folder} && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`);

test("20,000 files go from one VM to another, each as it was", async () => {
  await bash(
    "home",
    `mkdir many && cd many && mkdir {1..${FOLDERS}} && for ((i = 0; i < ${FILES}; i++)); do echo "content of $i" > "$((i % ${FOLDERS} + 1))/file $i"; done`,
  );
  const copied = await desktop.json<{ files: number; refused: unknown[]; skipped: unknown[] }>(
    "cp",
    "home:many",
    "web:",
  );
  expect(copied).toMatchObject({ files: FILES, refused: [], skipped: [] });
  expect(await bash("web", "find many -type f | wc -l")).toBe(`${FILES}`);
  expect(await allOf("web", "many")).toBe(await allOf("home", "many"));
});
