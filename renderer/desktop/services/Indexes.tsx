/** The indexes that a person has added, and a form that adds one: looked at first, then with the key that its owner tells. */
import { RefreshCw, Trash2 } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import type { IndexView, ReadIndex } from "#shared/model/service-index.ts";
import { useShell } from "../../shell/shell.ts";
import { countOf } from "../../ui/format.ts";

export function Indexes({ indexes }: { indexes: readonly IndexView[] }) {
  const { bridge, notices } = useShell();
  const [isReading, setReading] = useState(false);
  const update = async (): Promise<void> => {
    setReading(true);
    const answer = await bridge.request("index.update", { name: null });
    setReading(false);
    if (!answer.ok) return notices.show(answer.error.message);
    for (const { name, problem } of answer.value) if (problem !== null) notices.show(`${name}: ${problem}`);
  };
  return (
    <section className="service-indexes" aria-label="Indexes">
      <header>
        <div>
          <h3>Indexes</h3>
          <p>Signed lists of services that others offer. Nothing is fetched until you ask.</p>
        </div>
        {indexes.length > 0 && (
          <button type="button" className="button icon-button" disabled={isReading} onClick={() => void update()}>
            <RefreshCw size={14} aria-hidden="true" />
            {isReading ? "Looking…" : "Look for updates"}
          </button>
        )}
      </header>
      {indexes.length > 0 && (
        <ul>
          {indexes.map((index) => (
            <Index key={index.name} index={index} />
          ))}
        </ul>
      )}
      <AddIndex />
    </section>
  );
}

function Index({ index: { name, version, expires, isExpired, source, fingerprint, services } }: { index: IndexView }) {
  const { send } = useShell();
  return (
    <li>
      <span>
        <strong>{name}</strong> {version}, {countOf(services, "service")} from <span>{source}</span>
      </span>
      <small data-problem={fingerprint === null || isExpired ? "" : undefined}>
        {fingerprint === null ? "nobody has signed it" : `signed by ${fingerprint}`},{" "}
        {isExpired ? "has expired" : `until ${new Date(expires).toLocaleDateString("en-GB", { dateStyle: "medium" })}`}
      </small>
      <button
        type="button"
        className="button icon-button"
        aria-label={`Remove the index ${name}`}
        onClick={() => send("index.remove", { name })}
      >
        <Trash2 size={14} aria-hidden="true" />
      </button>
    </li>
  );
}

function AddIndex() {
  const { bridge, notices } = useShell();
  const [source, setSource] = useState("");
  const [key, setKey] = useState("");
  const [seen, setSeen] = useState<ReadIndex | null>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  /** What is in the field by now. */
  const typed = useRef("");
  const look = async (): Promise<void> => {
    const answer = await bridge.request("index.look", { source: source.trim() });
    // What is added is what the field says.
    if (typed.current !== source) return;
    if (answer.ok) setSeen(answer.value);
    else notices.show(answer.error.message);
  };
  const add = async (read: ReadIndex): Promise<void> => {
    const answer = await bridge.request("index.add", {
      source: read.source,
      key: read.key === null ? null : key.trim(),
    });
    if (!answer.ok) return notices.show(answer.error.message);
    setSeen(null);
    setSource("");
    setKey("");
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    void (seen === null ? look() : add(seen)).finally(() => setBusy(false));
  };
  return (
    <form className="service-add-index" aria-label="Add an index" onSubmit={submit}>
      <div className="service-field">
        <label htmlFor={`${id}-source`}>Add an index</label>
        <input
          id={`${id}-source`}
          type="text"
          placeholder="https://example.org/shop, or the path of a folder"
          value={source}
          onChange={(event) => {
            typed.current = event.currentTarget.value;
            setSource(typed.current);
            setSeen(null);
          }}
        />
      </div>
      {seen !== null && (
        <>
          <p>
            <strong>{seen.name}</strong> {seen.version}: {seen.services.join(", ") || "no services"}.{" "}
            {seen.fingerprint === null ? (
              "Nobody has signed it."
            ) : (
              <>
                It says that it is signed by <code>{seen.fingerprint}</code>.
              </>
            )}
          </p>
          {seen.key !== null && (
            <div className="service-field">
              <label htmlFor={`${id}-key`}>The key that its owner has told you</label>
              <input
                id={`${id}-key`}
                type="text"
                placeholder="RW…"
                value={key}
                onChange={(event) => setKey(event.currentTarget.value)}
              />
            </div>
          )}
        </>
      )}
      <button
        type="submit"
        className="button"
        disabled={isBusy || source.trim() === "" || (seen?.key != null && key.trim() === "")}
      >
        {seen === null ? "Look at it" : "Add it"}
      </button>
    </form>
  );
}
