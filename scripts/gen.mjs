// `npm run gen`: writes the generated code of the wire from shared/protocol/atoll.proto, for TypeScript and Rust,
// the lists of what the domains have, and the JSON schema of a service's manifest (services/service.schema.json). With --check nothing is written, and stale code is an error.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { genLists } from "./gen-lists.mjs";
import { genServiceSchema } from "./gen-service-schema.mjs";
import { cargoTargetFolder } from "./setup/agent.mjs";
import { main } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";
import { run, SetupError } from "./setup/process.mjs";
import { rustEnvironment } from "./setup/rust.mjs";

const check = process.argv.includes("--check");
const generated = "shared/protocol/gen/atoll_pb.ts";

await main(async (signal) => {
  /** @param {string[]} args */
  const buf = (...args) =>
    run(process.execPath, [join(checkout, "node_modules/@bufbuild/buf/bin/buf"), ...args], {
      cwd: checkout,
      signal,
      // protoc-gen-es is found by its name.
      env: { PATH: `${join(checkout, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
    });
  await genLists(check);
  await genServiceSchema(check);
  await buf("lint");
  if (check) {
    const scratch = mkdtempSync(join(tmpdir(), "atoll-gen-"));
    try {
      await buf("generate", "--output", scratch);
      if (readFileSync(join(scratch, generated), "utf8") !== readFileSync(join(checkout, generated), "utf8")) {
        throw new SetupError(`${generated} is stale: run \`npm run gen\`.`);
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  } else {
    await buf("generate");
  }
  await run("cargo", ["run", "--quiet", "--locked", "-p", "atoll-wire-gen", "--", ...(check ? ["--check"] : [])], {
    cwd: join(checkout, "agents"),
    signal,
    env: { ...(await rustEnvironment()), CARGO_TARGET_DIR: cargoTargetFolder },
  });
  return 0;
});
