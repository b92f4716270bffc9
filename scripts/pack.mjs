// `npm run pack`: the application as a folder that runs without this checkout, in dist/linux-unpacked, with the `atoll`
// command in it.
import { packFolder } from "./packaging/folder.mjs";
import { main, setUp } from "./setup/index.mjs";

await main(async (signal) => {
  await setUp({ signal });
  await packFolder(signal);
  return 0;
});
