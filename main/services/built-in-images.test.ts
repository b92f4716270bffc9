import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readManifest, recipeOf } from "./manifest.ts";
import { recipeOfManifest } from "../../images/builder/recipes.ts";

test.for(["antivirus", "example", "firewall", "signatures", "vpn", "yara"])(
  "set-up builds the image that the application looks for: %s",
  (name) => {
    const file = fileURLToPath(new URL(`../../services/${name}/service.yaml`, import.meta.url));
    const read = readManifest(readFileSync(file, "utf8"), file);
    expect(read.ok && JSON.stringify(recipeOf(read.value, null))).toBe(JSON.stringify(recipeOfManifest(file)));
  },
);
