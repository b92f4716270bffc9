/** Every service of a link. Made by `npm run gen` from the files. */
export { apps } from "./apps.ts";
export { clipboard } from "./clipboard.ts";
export { clock } from "./clock.ts";
export { execs } from "./execs.ts";
export { files } from "./files.ts";
export { folders } from "./folders.ts";
export { frames } from "./frames.ts";
export { input } from "./input.ts";
export { keymap } from "./keymap.ts";
export { launches } from "./launches.ts";
export { liveness } from "./liveness.ts";
export { opening } from "./opening.ts";
export { output } from "./output.ts";
export { power } from "./power.ts";
export { program } from "./program.ts";
export { streams } from "./streams.ts";
export { surfaces } from "./surfaces.ts";
