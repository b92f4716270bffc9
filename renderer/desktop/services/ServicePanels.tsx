/** What a service shows: tables and charts of what its program says, which is guest text, and the rules that it enforces. */
import type { ServiceInfo } from "#shared/model/service.ts";
import { GuestName } from "../../ui/GuestText.tsx";
import { bytesWords, countWords, durationWords } from "../../ui/format.ts";
import { QuarantinePanel } from "./QuarantinePanel.tsx";
import { RulesPanel } from "./RulesPanel.tsx";

type Panel = ServiceInfo["panels"][number];
type TablePanel = Extract<Panel, { kind: "table" }>;
type Rows = ServiceInfo["tables"][string];
type Format = TablePanel["columns"][number]["format"];

/** Rows of a table that are shown, the newest. */
const SHOWN_ROWS = 100;

export function ServicePanels({ info }: { info: ServiceInfo }) {
  const { panels, tables } = info;
  return panels.map((panel, at) => {
    if (panel.kind === "rules") return <RulesPanel key={at} title={panel.title} service={info} />;
    if (panel.kind === "quarantine") return <QuarantinePanel key={at} title={panel.title} service={info.name} />;
    // The log is always there, below all panels.
    if (panel.kind === "log") return null;
    const rows = tables[panel.table] ?? [];
    return (
      <section key={at} className="service-part" aria-label={panel.title}>
        <h4>{panel.title}</h4>
        {rows.length === 0 ? (
          <p>Nothing yet.</p>
        ) : panel.kind === "table" ? (
          <Table panel={panel} rows={rows.slice(-SHOWN_ROWS).toReversed()} />
        ) : (
          <Chart title={panel.title} values={rows.slice(-SHOWN_ROWS).map((row) => numberOf(row[panel.value]))} />
        )}
      </section>
    );
  });
}

function Table({ panel: { columns, title }, rows }: { panel: TablePanel; rows: Rows }) {
  return (
    <table aria-label={title}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.key} data-format={column.format}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {columns.map(({ key, format }) => (
              <td key={key} data-format={format}>
                <Cell value={row[key] ?? null} format={format} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell({ value, format }: { value: Rows[number][string]; format: Format }) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return <GuestName name={value} />;
  if (typeof value === "boolean") return value ? "yes" : "no";
  switch (format) {
    case "bytes":
      return bytesWords(Math.max(0, value));
    case "seconds":
      return durationWords(Math.max(0, value));
    default:
      return Number.isInteger(value) ? countWords(value) : String(value);
  }
}

/** Bars from the oldest to the newest, the tallest as high as there is room. */
function Chart({ title, values }: { title: string; values: readonly number[] }) {
  const tallest = Math.max(...values, Number.EPSILON);
  return (
    <svg className="service-chart" role="img" aria-label={`${title}: ${values.at(-1)} now`} viewBox="0 0 100 30">
      {values.map((value, at) => {
        const height = (Math.max(0, value) / tallest) * 30;
        return <rect key={at} x={at} y={30 - height} width={0.8} height={height} />;
      })}
    </svg>
  );
}

function numberOf(value: Rows[number][string] | undefined): number {
  return typeof value === "number" ? value : 0;
}
