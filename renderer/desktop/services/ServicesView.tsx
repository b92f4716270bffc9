/** Services that there are, and those of indexes: a card for each, and below them what there is of the chosen one. */
import "../audit/timeline.css";
import "./services.css";
import {
  ArrowUp,
  Box,
  ChartNoAxesColumn,
  FileText,
  Globe,
  LockKeyhole,
  type LucideIcon,
  ScanSearch,
  Search,
  Settings2,
  Shield,
} from "lucide-react";
import { useRef, useState } from "react";
import type { ServiceView } from "#shared/model/service.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { bytesWords, countOf } from "../../ui/format.ts";
import { GuestText } from "../../ui/GuestText.tsx";
import { type CatalogueItem, catalogueOf } from "./catalogue.ts";
import { Indexes } from "./Indexes.tsx";
import { OfferDetail } from "./OfferDetail.tsx";
import { ServiceDetail } from "./ServiceDetail.tsx";
import { sizeOf, stateOf, summaryOf } from "./service-words.ts";

const ICONS: Readonly<Record<ServiceView["icon"], LucideIcon>> = {
  shield: Shield,
  scan: ScanSearch,
  gear: Settings2,
  lock: LockKeyhole,
  globe: Globe,
  document: FileText,
  chart: ChartNoAxesColumn,
  box: Box,
};

export function ServicesView() {
  const { value: services, error } = useRequest("service.list", {}, ["service.changed"]);
  const { value: offers } = useRequest("index.offers", {}, ["index.changed"]);
  const { value: indexes } = useRequest("index.list", {}, ["index.changed"]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [search, setSearch] = useState("");
  const items = services === null ? null : catalogueOf(services, offers ?? [], search);
  // One of an index has its own name alone once it is installed.
  const shown =
    items?.find(({ id }) => id === chosen) ?? items?.find(({ id }) => id === chosen?.split("/").at(-1)) ?? items?.[0];
  const updates = items?.filter((item) => item.kind === "installed" && item.update !== null).length ?? 0;
  return (
    <section className="services" aria-label="Services">
      <header className="services-head">
        <div>
          <h2>Services</h2>
          <p>
            {services !== null &&
              `${summaryOf(services)}${updates === 0 ? "" : ` ${countOf(updates, "update")} available.`}`}
          </p>
        </div>
        <label className="timeline-search">
          <Search size={15} aria-hidden="true" />
          <input
            type="text"
            aria-label="Search services"
            placeholder="Search services"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      </header>
      {error !== null && <p role="alert">{error}</p>}
      <div className="services-room">
        {items === null && error === null && <Bars count={3} />}
        {items !== null && <Cards items={items} shown={shown?.id ?? null} choose={setChosen} />}
        {items?.length === 0 && <None search={search} />}
        {shown?.kind === "installed" && <ServiceDetail key={shown.id} service={shown.service} update={shown.update} />}
        {shown?.kind === "offered" && <OfferDetail key={shown.id} offer={shown.offer} />}
        {indexes !== null && <Indexes indexes={indexes} />}
      </div>
    </section>
  );
}

function None({ search }: { search: string }) {
  return (
    <div className="services-none">
      <Box size={28} strokeWidth={1.5} aria-hidden="true" />
      <strong>{search.trim() === "" ? "There is no service yet" : "No service matches"}</strong>
      {search.trim() === "" && (
        <p>
          Make one, and install it: <code>atoll service new mine</code>, <code>atoll service install mine --yes</code>
        </p>
      )}
    </div>
  );
}

interface CardsProps {
  items: readonly CatalogueItem[];
  /** Id of the one that is shown. */
  shown: string | null;
  choose: (id: string) => void;
}

function Cards({ items, shown, choose }: CardsProps) {
  const cards = useRef<HTMLDivElement>(null);
  const go = (step: 1 | -1): void => {
    const at = items.findIndex(({ id }) => id === shown) + step;
    const next = items[(at + items.length) % items.length];
    if (next === undefined) return;
    choose(next.id);
    cards.current?.querySelectorAll<HTMLElement>('[role="radio"]')[items.indexOf(next)]?.focus();
  };
  return (
    <div ref={cards} className="service-cards" role="radiogroup" aria-label="Services">
      {items.map((item) => (
        <Card key={item.id} item={item} isShown={item.id === shown} choose={() => choose(item.id)} go={go} />
      ))}
    </div>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

interface CardProps {
  item: CatalogueItem;
  isShown: boolean;
  choose: () => void;
  /** To the next one, or the one before. */
  go: (step: 1 | -1) => void;
}

function Card({ item, isShown, choose, go }: CardProps) {
  const { name, icon } = item.kind === "installed" ? item.service : item.offer;
  const Icon = ICONS[icon];
  const { words, tone } =
    item.kind === "installed" ? stateOf(item.service) : ({ words: "not installed", tone: "quiet" } as const);
  return (
    <button
      type="button"
      role="radio"
      aria-checked={isShown}
      tabIndex={isShown ? 0 : -1}
      className="service-card"
      data-tone={tone}
      onClick={choose}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (step === undefined) return;
        event.preventDefault();
        go(step);
      }}
    >
      <span className="service-title">
        <span className="service-icon">
          <Icon size={18} aria-hidden="true" />
        </span>
        <span>
          <strong>{name}</strong>
          <span className="service-state">{words}</span>
        </span>
      </span>
      <span className="service-fact">
        {item.kind === "installed" ? <Fact service={item.service} /> : item.offer.description}
      </span>
      <small>
        {item.kind === "installed" ? sizeOf(item.service) : `${bytesWords(item.offer.bytes)}, from ${item.offer.index}`}
      </small>
      {item.kind === "installed" && item.update !== null && (
        <span className="service-new">
          <ArrowUp size={12} aria-hidden="true" />
          {item.update.version} available
        </span>
      )}
    </button>
  );
}

/** The one thing that a person would act on: trouble first, then what its program says. */
function Fact({ service }: { service: ServiceView }) {
  const { state, stateDetail, health, healthDetail, status, description } = service;
  if (state === "failed" || (state === "starting" && stateDetail !== "")) return stateDetail;
  if (health === "failing" && healthDetail !== "") return <GuestText text={healthDetail} />;
  return state === "running" && status !== "" ? <GuestText text={status} /> : description;
}
