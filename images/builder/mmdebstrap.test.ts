import { expect, it } from "vitest";
import { mmdebstrapArguments } from "./mmdebstrap.ts";
import { recipeNamed } from "./recipes.ts";

it("keeps the folder whose whole content is left out, and no other, before what a recipe includes", () => {
  const recipe = {
    ...recipeNamed("debian", null),
    excludes: ["/usr/share/man/*", "/usr/share/locale/[a-d]*", "/usr/share/*/help/*", "/usr/lib/one.so"],
    includes: ["/usr/share/man/man1/foot*"],
  };
  const plan = { recipe, mode: "unshare", packagesDir: "/packages", outDir: "/out" } as const;
  expect(mmdebstrapArguments(plan).filter((argument) => argument.startsWith("--dpkgopt=path"))).toEqual([
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/[a-d]*",
    "--dpkgopt=path-exclude=/usr/share/*/help/*",
    "--dpkgopt=path-exclude=/usr/lib/one.so",
    "--dpkgopt=path-include=/usr/share/man/*/no-such-file",
    "--dpkgopt=path-include=/usr/share/man/man1/foot*",
  ]);
});
