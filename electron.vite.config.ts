// Builds the application into out/: main (four programs of one bundle), the preloads, the page with its workers.
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "electron-vite";

const root = import.meta.dirname;

// Named, not derived from the installed `electron` types: Atoll also runs on the older Electron of the registry
// fallback (scripts/setup/electron.mjs).
const chromium = "chrome130";
const node = "node20.18";

export default defineConfig({
  main: {
    build: {
      outDir: resolve(root, "out/main"),
      target: node,
      externalizeDeps: false,
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: resolve(root, "main/electron/index.ts"),
          link: resolve(root, "main/link/index.ts"),
          cli: resolve(root, "main/control/cli/index.ts"),
          "template-builder": resolve(root, "images/builder/main.ts"),
        },
        output: {
          format: "es",
          entryFileNames: "[name].js",
          chunkFileNames: "chunks/[name]-[hash].js",
        },
      },
    },
  },
  preload: {
    build: {
      outDir: resolve(root, "out/preload"),
      target: node,
      externalizeDeps: false,
      sourcemap: "inline",
      rolldownOptions: {
        input: { index: resolve(root, "preload/index.ts"), picture: resolve(root, "preload/picture.ts") },
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: resolve(root, "renderer"),
    plugins: [react()],
    worker: { format: "es" },
    build: {
      outDir: resolve(root, "out/renderer"),
      target: chromium,
      sourcemap: true,
      // Files of their own, never data: URLs: the page's Content-Security-Policy knows `app:` only.
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: resolve(root, "renderer/index.html") } },
    },
  },
});
