/** Files that scanners keep apart: what, from where, by which engine and signature, and what can be done to them. */
import "./quarantine.css";
import { MoveRight, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { LaterVerdict, QuarantinedFile } from "#shared/model/quarantine.ts";
import type { EngineVerdict } from "#shared/model/scan.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { bytesWords } from "../../ui/format.ts";
import { GuestName, GuestText } from "../../ui/GuestText.tsx";
import { nameOf, PartyName } from "../crossings/Party.tsx";

/** Of a service; those that lie in its VM. */
export function QuarantinePanel({ title, service }: { title: string; service: string }) {
  const { value, error } = useRequest("quarantine.list", {}, ["quarantine.changed"]);
  const files = value?.filter((file) => file.service === service);
  return (
    <section className="service-part quarantine" aria-label={title}>
      <h4>
        {title} <small>in its VM, never on this computer</small>
      </h4>
      {error !== null && <p role="alert">{error}</p>}
      {files === undefined && error === null && <Bars count={2} />}
      {files?.length === 0 && (
        <p>Nothing is in quarantine. A copy of what is held, or found in a scan, is kept here.</p>
      )}
      {files !== undefined && files.length > 0 && (
        <ol aria-label={title}>
          {files.map((file) => (
            <Row key={file.id} file={file} />
          ))}
        </ol>
      )}
    </section>
  );
}

const STATE_WORDS = {
  kept: null,
  away: "Start the service to restore or delete it.",
  gone: "The service’s VM does not have it any more.",
} as const;

function Row({ file }: { file: QuarantinedFile }) {
  const { id, path, bytes, from, to, time, sha256, engines, state, now } = file;
  const words = STATE_WORDS[state];
  return (
    <li data-verdict={(now ?? file).verdict}>
      <div className="quarantine-head">
        <strong>
          <GuestName name={path} />
        </strong>
        <span>
          {bytesWords(bytes)} from <PartyName party={from} />
          {to !== null && (
            <>
              {" "}
              <MoveRight size={12} aria-label="for" /> <PartyName party={to} />
            </>
          )}
          , {timeWords(time)}
        </span>
      </div>
      <Engines engines={engines} />
      {now !== null && <Later now={now} />}
      {sha256 !== null && (
        <code className="quarantine-digest" title="SHA-256">
          {sha256}
        </code>
      )}
      {words !== null && <p>{words}</p>}
      {state !== "away" && (
        <Actions id={id} canRestore={state === "kept"} isClean={now?.verdict === "clean"} target={nameOf(to ?? from)} />
      )}
    </li>
  );
}

/** What is said of it with other signatures than those by which it was kept. */
function Later({ now: { verdict, engines, time } }: { now: LaterVerdict }) {
  const isClean = verdict === "clean";
  const Icon = isClean ? ShieldCheck : ShieldAlert;
  return (
    <div className="quarantine-later" data-verdict={verdict} role="group" aria-label="With new signatures">
      <p>
        <Icon size={15} aria-hidden="true" />
        <b>{isClean ? "With new signatures nothing is found in it" : "With new signatures it is something else"}</b>
        <small>{timeWords(time)}</small>
      </p>
      <Engines engines={engines} />
    </div>
  );
}

function timeWords(time: string): string {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

function Engines({ engines }: { engines: readonly EngineVerdict[] }) {
  return (
    <ul className="quarantine-engines">
      {engines.map((engine, at) => (
        <Engine key={at} engine={engine} />
      ))}
    </ul>
  );
}

function Engine({ engine: { name, version, signatures, verdict, signature, reason } }: { engine: EngineVerdict }) {
  const why = signature ?? reason;
  return (
    <li data-verdict={verdict}>
      <span>
        <b>{name}</b> {verdict}
      </span>
      {why !== null && <GuestText text={why} />}
      <small>{[version, signatures === null ? null : `signatures ${signatures}`].filter(Boolean).join(", ")}</small>
    </li>
  );
}

interface ActionsProps {
  id: number;
  canRestore: boolean;
  /** By what is known now there is no reason to keep it. */
  isClean: boolean;
  target: string;
}

function Actions({ id, canRestore, isClean, target }: ActionsProps) {
  const { send } = useShell();
  const [isDeleting, setDeleting] = useState(false);
  if (isDeleting)
    return (
      <div className="service-actions" role="group" aria-label="Delete this file?">
        <span>This cannot be undone.</span>
        <button type="button" className="button" onClick={() => setDeleting(false)}>
          Keep
        </button>
        <button type="button" className="button" data-kind="danger" onClick={() => send("quarantine.delete", { id })}>
          Delete
        </button>
      </div>
    );
  return (
    <div className="service-actions">
      {canRestore && (
        <button
          type="button"
          className="button"
          data-kind={isClean ? "main" : undefined}
          onClick={() => send("quarantine.restore", { id })}
        >
          Restore to {target}…
        </button>
      )}
      <button type="button" className="button" data-kind="danger" onClick={() => setDeleting(true)}>
        Delete…
      </button>
    </div>
  );
}
