// `npm run package`: the application as a Debian package, in dist/.
import { statSync } from "node:fs";
import { relative } from "node:path";
import { buildDeb } from "./packaging/deb.mjs";
import { packFolder } from "./packaging/folder.mjs";
import { main, setUp } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";

await main(async (signal) => {
  await setUp({ signal });
  await packFolder(signal);
  const file = await buildDeb(signal);
  console.log(`${relative(checkout, file)}: ${Math.round(statSync(file).size / 1_048_576)} MiB`);
  return 0;
});
