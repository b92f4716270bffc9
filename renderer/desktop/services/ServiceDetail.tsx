/** One service: what can be done to it, what it may do, its settings, what it shows, and its log. */
import { History, Play, Square, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import type { ServiceView } from "#shared/model/service.ts";
import type { Offer } from "#shared/model/service-index.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { GuestText } from "../../ui/GuestText.tsx";
import { UpdateNote } from "./OfferDetail.tsx";
import { ServicePanels } from "./ServicePanels.tsx";
import { Rights } from "./ServiceRights.tsx";
import { ServiceSettings } from "./ServiceSettings.tsx";
import { originWords } from "./service-words.ts";

export function ServiceDetail({ service, update }: { service: ServiceView; update: Offer | null }) {
  const { name } = service;
  const { value: info, error } = useRequest("service.info", { name }, ["service.changed"]);
  const { value: log, error: logError } = useRequest("service.log", { name }, ["service.changed"]);
  return (
    <section className="service-detail" aria-label={name}>
      <header>
        <div>
          <h3>{name}</h3>
          <p>
            {service.version}, {originWords(service.origin)}. {service.description}
          </p>
        </div>
        <Actions service={service} />
      </header>
      <div className="service-parts">
        {update !== null && <UpdateNote offer={update} service={service} />}
        <Rights rights={service.rights} />
        {error !== null && <p role="alert">{error}</p>}
        {info !== null && Object.keys(info.settings).length > 0 && (
          <ServiceSettings name={name} settings={info.settings} />
        )}
        {info !== null && <ServicePanels info={info} />}
        <section className="service-part service-log" aria-label="Log">
          <h4>Log</h4>
          {logError !== null && <p role="alert">{logError}</p>}
          {log?.length === 0 && <p>Nothing yet.</p>}
          <ol>
            {(log ?? [])
              .slice(-50)
              .toReversed()
              .map(({ timeMs, level, from, text }, at) => (
                <li key={at} data-level={level}>
                  <time>{new Date(timeMs).toLocaleTimeString("en-GB")}</time>
                  <span>{from === "program" ? <GuestText text={text} /> : text}</span>
                </li>
              ))}
          </ol>
        </section>
      </div>
    </section>
  );
}

function Actions({ service: { name, state, origin, hasBefore, versionBefore, isUpdating } }: { service: ServiceView }) {
  const { send } = useShell();
  const [isRemoving, setRemoving] = useState(false);
  const isOff = state === "absent" || state === "stopped" || state === "failed";
  if (isRemoving)
    return (
      <div className="service-actions" role="group" aria-label={`Remove ${name}?`}>
        <span>Its VM and settings go, too.</span>
        <button type="button" className="button" onClick={() => setRemoving(false)}>
          Keep
        </button>
        <button type="button" className="button" data-kind="danger" onClick={() => send("service.remove", { name })}>
          Remove
        </button>
      </div>
    );
  return (
    <div className="service-actions">
      {origin.kind !== "built-in" && (
        <button type="button" className="button icon-button" onClick={() => setRemoving(true)}>
          <Trash2 size={14} aria-hidden="true" />
          Remove…
        </button>
      )}
      {versionBefore !== null && (
        <button
          type="button"
          className="button icon-button"
          disabled={isUpdating}
          title="With the settings that it had then"
          onClick={() => send("service.backToVersion", { name })}
        >
          <History size={14} aria-hidden="true" />
          Back to {versionBefore}
        </button>
      )}
      {state === "running" && hasBefore && (
        <button type="button" className="button icon-button" onClick={() => send("service.back", { name })}>
          <Undo2 size={14} aria-hidden="true" />
          Back to the signatures from before
        </button>
      )}
      {state !== "absent" && state !== "stopped" && (
        <button type="button" className="button icon-button" onClick={() => send("service.stop", { name })}>
          <Square size={14} aria-hidden="true" />
          Stop
        </button>
      )}
      {isOff && (
        <button
          type="button"
          className="button icon-button"
          data-kind="main"
          onClick={() => send("service.start", { name })}
        >
          <Play size={14} aria-hidden="true" />
          {state === "absent" ? "Build and start" : "Start"}
        </button>
      )}
    </div>
  );
}
