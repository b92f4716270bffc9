/**
 * Trusted Types (the page's policy asks for them): text becomes neither markup nor a script here, and a worker or script is
 * loaded from the page's own files alone, wherever in the page's code an address comes from.
 */

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown;
}

/** Before the page starts its worker. @param factory null: a browser without Trusted Types */
export function trustOwnScripts(
  factory: PolicyFactory | null = (window as { trustedTypes?: PolicyFactory }).trustedTypes ?? null,
  page: string = location.href,
): void {
  const folder = new URL("assets/", page).href;
  // The policy of this name is asked wherever a script's address is given as text.
  factory?.createPolicy("default", {
    createScriptURL: (address) => {
      const { href } = new URL(address, page);
      if (!href.startsWith(folder)) throw new TypeError(`${href} is no script of this page.`);
      return href;
    },
  });
}
