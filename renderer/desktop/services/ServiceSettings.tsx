/** The form of a service's settings, made from what its manifest says of them. */
import { useId, useRef, useState } from "react";
import {
  KEPT_FILE,
  MAX_SETTING_FILE_BYTES,
  type ServiceInfo,
  type ServiceSetting,
  settingFromText,
  settingProblem,
  type SettingValue,
} from "#shared/model/service.ts";
import { useShell } from "../../shell/shell.ts";

type Settings = ServiceInfo["settings"];

export function ServiceSettings({ name, settings }: { name: string; settings: Settings }) {
  const { bridge, notices } = useShell();
  /** What was typed and is not saved, by key. */
  const [typed, setTyped] = useState<Readonly<Record<string, unknown>>>({});
  const [isSaving, setSaving] = useState(false);
  const problems = Object.entries(typed).flatMap(([key, value]) => {
    const schema = settings[key]?.schema;
    return schema !== undefined && settingProblem(schema, value) !== null ? [key] : [];
  });
  const isChanged = Object.keys(typed).length > 0;
  const save = async (): Promise<void> => {
    setSaving(true);
    const answer = await bridge.request("service.set", { name, values: typed as Record<string, SettingValue> });
    setSaving(false);
    // What was typed meanwhile is not saved yet.
    if (answer.ok) setTyped((now) => Object.fromEntries(Object.entries(now).filter(([key, to]) => to !== typed[key])));
    else notices.show(answer.error.message);
  };
  return (
    <form
      className="service-part service-settings"
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault();
        if (isChanged && problems.length === 0 && !isSaving) void save();
      }}
    >
      <h4>Settings</h4>
      {Object.entries(settings).map(([key, { schema, value }]) => (
        <Field
          key={key}
          schema={schema}
          value={Object.hasOwn(typed, key) ? typed[key] : value}
          change={(next) => setTyped((now) => ({ ...now, [key]: next }))}
        />
      ))}
      <div className="service-actions">
        <button type="button" className="button" disabled={!isChanged || isSaving} onClick={() => setTyped({})}>
          Discard
        </button>
        <button
          type="submit"
          className="button"
          data-kind="main"
          disabled={!isChanged || isSaving || problems.length > 0}
        >
          {isSaving ? "Saving…" : "Save"}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  schema: ServiceSetting;
  value: unknown;
  change: (value: unknown) => void;
}

function Field({ schema, value, change }: FieldProps) {
  const id = useId();
  const problem = value === KEPT_FILE ? null : settingProblem(schema, value);
  const about = { id, "aria-describedby": `${id}-about`, "aria-invalid": problem !== null };
  return (
    <div className="service-field" data-type={schema.type}>
      <label htmlFor={id}>{schema.title}</label>
      {schema.type === "boolean" ? (
        <input
          type="checkbox"
          {...about}
          checked={value === true}
          onChange={(event) => change(event.currentTarget.checked)}
        />
      ) : schema.type === "choice" ? (
        <select {...about} value={String(value)} onChange={(event) => change(event.currentTarget.value)}>
          {schema.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.title}
            </option>
          ))}
        </select>
      ) : schema.type === "file" ? (
        <FileField value={value} change={change} about={about} />
      ) : (
        <TextField schema={schema} value={value} change={change} about={about} />
      )}
      <small id={`${id}-about`} data-problem={problem === null ? undefined : ""}>
        {problem === null ? schema.description : `It must be ${problem}.`}
      </small>
    </div>
  );
}

/** The text itself is never shown: it may hold secrets. */
function FileField({ value, change, about }: Omit<FieldProps, "schema"> & { about: object }) {
  const words = value === "" ? "None" : value === KEPT_FILE ? "Kept" : "Chosen, not saved yet";
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="service-file">
      <span>{words}</span>
      <button type="button" className="button" {...about} onClick={() => input.current?.click()}>
        Choose a file…
      </button>
      {/* What it says itself of the file is not so any more once that was read. */}
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined)
            void file
              .slice(0, MAX_SETTING_FILE_BYTES + 1)
              .text()
              .then(change);
          // The same file again is a choice too.
          currentTarget.value = "";
        }}
      />
      {value !== "" && (
        <button type="button" className="button" onClick={() => change("")}>
          Remove
        </button>
      )}
    </span>
  );
}

/** Keeps what is typed as it is: "a, " is no other list than "a" and must not lose its comma. */
function TextField({ schema, value, change, about }: FieldProps & { about: object }) {
  const words = Array.isArray(value) ? value.join(", ") : String(value);
  const [text, setText] = useState<string | null>(null);
  const isSame = text !== null && JSON.stringify(settingFromText(schema, text)) === JSON.stringify(value);
  return (
    <input
      type="text"
      inputMode={schema.type === "number" ? "decimal" : "text"}
      {...about}
      value={isSame ? text : words}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        change(settingFromText(schema, next));
      }}
    />
  );
}
