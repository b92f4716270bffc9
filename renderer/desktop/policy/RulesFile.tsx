/** Rules as files: those of the policy are saved as one, and one's are looked at, in the place of the timeline, before they are taken. */
import { CircleAlert, FileDown, FileUp, X } from "lucide-react";
import { useRef, useState } from "react";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf } from "../../ui/format.ts";

export type RulesFile = RequestInput<"policy.tryImport">;
type Added = RequestOutput<"policy.tryImport">["added"][number];

/** As main takes it. */
const MAX_BYTES = 1024 * 1024;

/** @param chosen is given the file that a person has chosen */
export function RulesFileButtons({ chosen }: { chosen: (file: RulesFile) => void }) {
  const { bridge, notices } = useShell();
  const input = useRef<HTMLInputElement>(null);
  const save = async (): Promise<void> => {
    const answer = await bridge.request("policy.export", { action: null });
    if (answer.ok) saveAs("atoll-rules.yaml", answer.value.text);
    else notices.show(answer.error.message);
  };
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    if (file.size > MAX_BYTES) notices.show(`${file.name} is larger than 1 MiB, so it is not a file of rules.`);
    else chosen({ name: file.name, text: await file.text() });
  };
  return (
    <>
      <button type="button" className="button icon-button" onClick={() => input.current?.click()}>
        <FileUp size={13} aria-hidden="true" />
        Import…
      </button>
      <button type="button" className="button icon-button" onClick={() => void save()}>
        <FileDown size={13} aria-hidden="true" />
        Export…
      </button>
      <input
        ref={input}
        type="file"
        accept=".yaml,.yml"
        hidden
        aria-label="File of rules"
        onChange={({ currentTarget }) => {
          void read(currentTarget.files?.[0]);
          // The same file again is a choice too.
          currentTarget.value = "";
        }}
      />
    </>
  );
}

/** The host's dialog asks where to. */
function saveAs(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  const link = document.createElement("a");
  [link.href, link.download] = [address, name];
  link.click();
  URL.revokeObjectURL(address);
}

interface ImportedRulesProps {
  file: RulesFile;
  close: () => void;
}

/** What the rules of a file would change. */
export function ImportedRules({ file, close }: ImportedRulesProps) {
  const { policyChanges } = useShell();
  const { value, error } = useRequest("policy.tryImport", file, ["policy.changed", "vm.changed"]);
  const [isTaken, setTaken] = useState(false);
  const failing = value?.tests.filter(({ ok }) => !ok) ?? [];
  const canTake = value !== null && value.added.length > 0 && failing.length === 0 && !isTaken;
  const take = async (): Promise<void> => {
    setTaken(true);
    if ((await policyChanges.import(file)) === null) setTaken(false);
    else close();
  };
  return (
    <aside className="policy-text policy-import" aria-label={`Rules of ${file.name}`}>
      <header>
        <FileUp size={15} aria-hidden="true" />
        <div>
          <h2>Rules of {file.name}</h2>
          <p>They come after all that your policy denies: nothing that you have denied is opened.</p>
        </div>
        <button type="button" className="inspector-close" aria-label="Close the import" onClick={close}>
          <X size={14} />
        </button>
      </header>
      {error !== null && (
        <p className="policy-none" role="alert">
          {error}
        </p>
      )}
      {value === null && error === null && <Bars count={6} />}
      {value !== null && value.added.length === 0 && (
        <p className="policy-none">Your policy has all of its rules already.</p>
      )}
      {value !== null && (
        <ul>
          {value.added.map((rule) => (
            <li key={rule.text}>
              <code>{rule.text}</code>
              <span>{changeOf(rule)}</span>
            </li>
          ))}
        </ul>
      )}
      {value !== null && value.known > 0 && value.added.length > 0 && (
        <p className="import-known">
          {countOf(value.known, "rule")} of it {value.known === 1 ? "is" : "are"} there already.
        </p>
      )}
      {failing.map(({ name }) => (
        <p key={name} className="import-failing" role="alert">
          <CircleAlert size={14} aria-hidden="true" />
          Your test “{name}” would fail, so they cannot be taken.
        </p>
      ))}
      <footer>
        <button type="button" className="button" data-kind="main" disabled={!canTake} onClick={() => void take()}>
          {value === null ? "Import" : `Import ${countOf(value.added.length, "rule")}`}
        </button>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
      </footer>
    </aside>
  );
}

function changeOf({ before, after, decision }: Added): string {
  if (before === null || after === null) return "Its VM is not there.";
  if (after !== decision) return `No effect: an earlier rule says ${after}.`;
  return before === after ? `Is ${after} already.` : `Now ${before}, then ${after}.`;
}
