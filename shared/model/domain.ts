/** Whose a name is. */
import { getDomain } from "tldts";

/**
 * The registrable domain of a name; null: it has none. What hosts give to others counts as a suffix (github.io, s3.amazonaws.com):
 * names below it are of people who have nothing to do with each other.
 */
export function registrableDomain(name: string): string | null {
  return getDomain(name, { allowPrivateDomains: true });
}
