// Who may import whom (ARCHITECTURE.md: dependencies point inwards). scripts/layering/check.mjs runs these rules, and
// runs them on canaries that break each of them.

const tests = "\\.test\\.tsx?$";
const libraries = (/** @type {string[]} */ ...names) => names.map((name) => `(^|/)node_modules/${name}/`);

/** Of the page, from the innermost out: each layer imports itself and what stands before it. */
const rendererLayers = [
  "host",
  "compositor",
  "wm/model",
  "input",
  "wm/control",
  "ui",
  "shell",
  "vms",
  "wm/views",
  "desktop",
];
/**
 * Of main, from the innermost out: each domain imports itself and what stands before it; what stands in one line has parts that
 * need each other. One that no other needs is in no line. The application and its handlers (main/*.ts) put them together.
 */
export const mainLayers = [
  ["base"],
  ["ipc"],
  ["audit"],
  ["hardware"],
  ["link"],
  ["policy"],
  ["crossings"],
  ["vms", "windows"],
  ["settings", "graphics"],
  ["disposables"],
  ["kiosks"],
  ["files"],
  ["clipboard"],
  ["networks"],
  ["services"],
  ["safe-copies"],
  ["opener"],
  ["scanning"],
  ["icons"],
  ["desktop", "apps"],
  ["run-once"],
  ["control"],
  ["templates"],
];
export const mainLayerRule = (/** @type {string[]} */ layer) => `main-layer-${layer.join("-")}`;
const inDomains = (/** @type {string[][]} */ layers) => `^main/(${layers.flat().join("|")})/`;

const inLayers = (/** @type {string[]} */ layers) => `^renderer/(${layers.join("|")})/`;

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-unresolved",
      comment: "An import that cannot be resolved is not checked by any other rule.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or miss a third.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "shared-runs-anywhere",
      comment: "shared/ imports nothing but itself and the libraries of its data.",
      severity: "error",
      from: { path: "^shared/", pathNot: tests },
      to: { pathNot: ["^shared/", ...libraries("zod", "yaml", "tldts", "@bufbuild/protobuf")] },
    },
    {
      name: "protocol-knows-no-ipc",
      comment:
        "What guests say is parsed without a thought for who is notified of it: the wire and ipc share the model.",
      severity: "error",
      from: { path: "^shared/(protocol|model)/", pathNot: tests },
      to: { path: "^shared/ipc/" },
    },
    {
      name: "renderer-sees-only-shared",
      comment: "The page has no Node and knows the host by shared/ipc only.",
      severity: "error",
      from: { path: "^renderer/", pathNot: tests },
      to: { path: "^(main|preload|images|scripts|e2e|bench)/" },
    },
    {
      name: "renderer-has-no-node",
      comment: "The page is sandboxed.",
      severity: "error",
      from: { path: "^renderer/", pathNot: tests },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "worker-knows-no-page",
      comment: "What runs in a worker has no DOM: the page imports the worker's types, never the other way.",
      severity: "error",
      from: { path: "^renderer/(.*\\.worker\\.ts$|compositor/(worker|decoders)/)", pathNot: tests },
      to: { path: "^renderer/", pathNot: ["\\.worker\\.ts$", "^renderer/compositor/(worker|decoders)/"] },
    },
    ...rendererLayers.slice(0, -1).map((layer, at) => ({
      name: `renderer-layer-${layer.replace("/", "-")}`,
      comment: `renderer/${layer} knows none of the layers that are built on it.`,
      severity: /** @type {const} */ ("error"),
      from: { path: inLayers([layer]) },
      to: { path: inLayers(rendererLayers.slice(at + 1)) },
    })),
    {
      name: "renderer-has-layers",
      comment: "Every file of the page is in one of the layers but its entry, which nothing imports.",
      severity: "error",
      from: { path: "^renderer/" },
      to: { path: "^renderer/", pathNot: inLayers(rendererLayers) },
    },
    {
      name: "desktop-parts-know-no-desktop",
      comment: "A part of the desktop (a folder) is put together by the files beside it, and knows none of them.",
      severity: "error",
      from: { path: "^renderer/desktop/[^/]+/", pathNot: tests },
      to: { path: "^renderer/desktop/[^/]+$" },
    },
    {
      name: "preload-is-a-bridge",
      comment: "The preload knows the channels and Electron's bridge, nothing else.",
      severity: "error",
      from: { path: "^preload/", pathNot: tests },
      to: { pathNot: ["^preload/", "^shared/", ...libraries("electron", "zod")] },
    },
    {
      name: "electron-stays-in-its-place",
      comment: "Everything of the host but main/electron and preload runs without Electron.",
      severity: "error",
      from: {
        pathNot: [
          "^main/electron/",
          "^preload/",
          "^e2e/",
          "^scripts/setup/default-app/",
          "^bench/systems/empty-electron/",
        ],
      },
      to: { path: libraries("electron") },
    },
    {
      name: "domains-know-no-electron-code",
      comment: "main/electron puts the domains together; none of them imports it.",
      severity: "error",
      from: { path: "^main/", pathNot: "^main/electron/" },
      to: { path: "^main/electron/" },
    },
    ...mainLayers.slice(0, -1).map((layer, at) => ({
      name: mainLayerRule(layer),
      comment: `main/${layer.join(" and main/")} knows none of the domains that are built on it.`,
      severity: /** @type {const} */ ("error"),
      from: { path: inDomains([layer]), pathNot: [tests, "/testing/"] },
      to: { path: inDomains(mainLayers.slice(at + 1)) },
    })),
    {
      name: "main-leaves-stand-apart",
      comment: "A domain that is in no layer is known by what puts the application together alone: by no other domain.",
      severity: "error",
      from: { path: "^main/([^/]+)/", pathNot: [tests, "^main/electron/"] },
      to: { path: "^main/[^/]+/", pathNot: [inDomains(mainLayers), "^main/electron/", "^main/testing/", "^main/$1/"] },
    },
    {
      name: "adapters-behind-the-port",
      comment:
        "Domains see main/hardware/driver.ts; only what composes (run-once without a desktop) and the adapters know one.",
      severity: "error",
      from: { path: "^main/", pathNot: ["^main/electron/", "^main/hardware/", "^main/run-once/run-once\\.ts$"] },
      to: { path: "^main/hardware/[^/]+/" },
    },
    {
      name: "adapters-know-no-sibling",
      comment: "An adapter uses the port and itself.",
      severity: "error",
      from: { path: "^main/hardware/([^/]+)/", pathNot: tests },
      to: { path: "^main/hardware/[^/]+/", pathNot: "^main/hardware/$1/" },
    },
    {
      name: "cli-is-a-client",
      comment: "The command knows the control protocol, not the application behind it.",
      severity: "error",
      from: { path: "^main/control/cli/", pathNot: tests },
      to: { path: "^main/", pathNot: ["^main/control/", "^main/base/"] },
    },
    {
      name: "nothing-imports-main",
      comment:
        "main is the outermost layer; e2e takes what it tries on real machines (drivers, VMs, links, files, what a start hands over, the command's client) from there, bench the policy.",
      severity: "error",
      from: { pathNot: "^main/" },
      to: {
        path: "^main/",
        pathNot: "^main/((hardware|base|files|link|policy|vms|control/launch)/|control/cli/client[.]ts$)",
      },
    },
    {
      name: "images-stand-alone",
      comment: "The template builder is a program of its own.",
      severity: "error",
      from: { path: "^images/", pathNot: tests },
      to: { path: "^(preload|renderer|scripts|e2e|bench)/" },
    },
    {
      name: "images-stand-on-base",
      comment: "Of main the template builder uses the helpers of main/base alone.",
      severity: "error",
      from: { path: "^images/", pathNot: tests },
      to: { path: "^main/", pathNot: "^main/base/" },
    },
    {
      name: "images-by-one-door",
      comment: "The application uses of the template builder what images/builder/index.ts exports.",
      severity: "error",
      from: { path: "^main/", pathNot: tests },
      to: { path: "^images/", pathNot: "^images/builder/index\\.ts$" },
    },
    {
      name: "base-knows-no-domain",
      comment: "main/base is what every part of main is built on: helpers of Node without a word of Atoll's domains.",
      severity: "error",
      from: { path: "^main/base/", pathNot: tests },
      to: { path: "^(main|images)/", pathNot: "^main/base/" },
    },
    {
      name: "hardware-knows-no-vms",
      comment: "A driver is given a definition of its own schema and reports events; who uses it is not its business.",
      severity: "error",
      from: { path: "^main/hardware/", pathNot: tests },
      to: { path: "^main/", pathNot: "^main/(hardware|base)/" },
    },
    {
      name: "link-knows-no-vms",
      comment:
        "The link process parses what one guest says: of main it knows its own folder, the channels of the driver port and the helpers.",
      severity: "error",
      from: { path: "^main/link/", pathNot: tests },
      to: { path: "^main/", pathNot: "^main/(link/|base/|hardware/driver\\.ts$)" },
    },
    {
      name: "domains-know-no-application",
      comment:
        "Of these domains only the handlers of requests and events know the application, which puts them together.",
      severity: "error",
      from: {
        path: inDomains([
          ["vms", "windows", "settings", "graphics", "audit", "policy", "crossings"],
          ["networks", "safe-copies", "scanning", "icons", "ipc"],
        ]),
        pathNot: [tests, "requests\\.ts$", "/events\\.ts$", "/testing/"],
      },
      to: { path: "^main/[^/]+\\.ts$" },
    },
    {
      name: "scripts-before-anything",
      comment: "What runs before npm ci has run imports Node's own modules only.",
      severity: "error",
      from: { path: "^scripts/(start|test)\\.mjs$|^scripts/setup/[^/]+\\.mjs$" },
      to: { path: "(^|/)node_modules/", dependencyTypesNot: ["type-only", "type-import"] },
    },
    {
      name: "no-test-in-product",
      comment: "Tests may import the product, never the other way.",
      severity: "error",
      from: {
        pathNot: [
          tests,
          "^e2e/",
          "^bench/",
          "^scripts/mutants/",
          "^scripts/testing/",
          "(^|/)(vitest|playwright)\\.config\\.ts$",
        ],
      },
      to: { path: [tests, ...libraries("vitest", "fast-check", "@playwright/test")] },
    },
  ],
  options: {
    doNotFollow: { path: "(^|/)node_modules/" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
