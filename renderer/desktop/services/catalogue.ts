/** What the view "Services" lists: services that there are, and those of indexes that are not installed. Pure. */
import { compareVersions, type ServiceRight, type ServiceView } from "#shared/model/service.ts";
import type { Offer } from "#shared/model/service-index.ts";

export type CatalogueItem =
  /** `update`: its later version; null: there is none. */
  | { kind: "installed"; id: string; service: ServiceView; update: Offer | null }
  | { kind: "offered"; id: string; offer: Offer };

/** In the order of their names; those that there are first. @param search words, all of which an item has */
export function catalogueOf(
  services: readonly ServiceView[],
  offers: readonly Offer[],
  search: string,
): CatalogueItem[] {
  const names = new Set(services.map(({ name }) => name));
  const installed = services.map((service): CatalogueItem => {
    const update = offers.find((offer) => isUpdate(service, offer)) ?? null;
    return { kind: "installed", id: service.name, service, update };
  });
  const offered = offers
    .filter(({ name }) => !names.has(name))
    .map((offer): CatalogueItem => ({ kind: "offered", id: `${offer.index}/${offer.name}`, offer }));
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return [...installed, ...offered].filter((item) => words.every((word) => textOf(item).includes(word)));
}

/** Of what is installed, by whoever has signed that. */
function isUpdate({ name, version, origin }: ServiceView, offer: Offer): boolean {
  return (
    offer.name === name &&
    !offer.isExpired &&
    origin.kind !== "built-in" &&
    (origin.signer === null || origin.signer === offer.signer) &&
    compareVersions(offer.version, version) > 0
  );
}

/** What it asks for and the installed version does not. */
export function addedRights(offer: Offer, service: ServiceView): ServiceRight[] {
  const had = new Set(service.rights.flatMap(({ asked, words }) => (asked ? [words] : [])));
  return offer.rights.filter(({ asked, words }) => asked && !had.has(words));
}

function textOf(item: CatalogueItem): string {
  const { name, description } = item.kind === "installed" ? item.service : item.offer;
  const index = item.kind === "installed" ? (item.service.origin.index ?? "") : item.offer.index;
  return `${name} ${description} ${index}`.toLowerCase();
}
