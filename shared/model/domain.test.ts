import { expect, it } from "vitest";
import { registrableDomain } from "./domain.ts";

it.each([
  ["www.shop.example.org", "example.org"],
  ["a.b.co.uk", "b.co.uk"],
  ["docs.github.io", "docs.github.io"],
  ["www.evil.github.io", "evil.github.io"],
  ["github.io", null],
  ["localhost", null],
])("%s is of %s", (name, domain) => expect(registrableDomain(name)).toBe(domain));
