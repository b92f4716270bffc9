/** Service VMs: a card for each, and below them what there is of the chosen one. */
import "./services.css";
import {
  Box,
  ChartNoAxesColumn,
  FileText,
  Globe,
  LockKeyhole,
  type LucideIcon,
  ScanSearch,
  Settings2,
  Shield,
} from "lucide-react";
import { useRef, useState } from "react";
import type { ServiceView } from "#shared/model/service.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { GuestText } from "../../ui/GuestText.tsx";
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
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = services?.find(({ name }) => name === chosen) ?? services?.[0];
  return (
    <section className="services" aria-label="Services">
      <header className="services-head">
        <h2>Services</h2>
        <p>{services !== null && summaryOf(services)}</p>
      </header>
      {error !== null && <p role="alert">{error}</p>}
      <div className="services-room">
        {services === null ? (
          <Bars count={3} />
        ) : (
          <Cards services={services} shown={shown?.name ?? null} choose={setChosen} />
        )}
        {services?.length === 0 && (
          <div className="services-none">
            <Box size={28} strokeWidth={1.5} aria-hidden="true" />
            <strong>There is no service yet</strong>
            <p>
              Make one, and install it: <code>atoll service new mine</code>,{" "}
              <code>atoll service install mine --yes</code>
            </p>
          </div>
        )}
        {shown !== undefined && <ServiceDetail key={shown.name} service={shown} />}
      </div>
    </section>
  );
}

interface CardsProps {
  services: readonly ServiceView[];
  shown: string | null;
  choose: (name: string) => void;
}

function Cards({ services, shown, choose }: CardsProps) {
  const cards = useRef<HTMLDivElement>(null);
  const go = (step: 1 | -1): void => {
    const at = services.findIndex(({ name }) => name === shown) + step;
    const next = services[(at + services.length) % services.length];
    if (next === undefined) return;
    choose(next.name);
    cards.current?.querySelectorAll<HTMLElement>('[role="radio"]')[services.indexOf(next)]?.focus();
  };
  return (
    <div ref={cards} className="service-cards" role="radiogroup" aria-label="Services">
      {services.map((service) => (
        <Card
          key={service.name}
          service={service}
          isShown={service.name === shown}
          choose={() => choose(service.name)}
          go={go}
        />
      ))}
    </div>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

interface CardProps {
  service: ServiceView;
  isShown: boolean;
  choose: () => void;
  /** To the next one, or the one before. */
  go: (step: 1 | -1) => void;
}

function Card({ service, isShown, choose, go }: CardProps) {
  const Icon = ICONS[service.icon];
  const { words, tone } = stateOf(service);
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
          <strong>{service.name}</strong>
          <span className="service-state">{words}</span>
        </span>
      </span>
      <span className="service-fact">
        <Fact service={service} />
      </span>
      <small>{sizeOf(service)}</small>
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
