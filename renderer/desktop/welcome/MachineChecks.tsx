/** What Atoll needs of this computer: what is wrong, and how much is right. */
import { Check, CircleAlert, TriangleAlert } from "lucide-react";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { useRequest } from "../../shell/use-request.ts";

const ICONS = { ok: Check, warn: TriangleAlert, fail: CircleAlert } as const;

export function MachineChecks() {
  // A template that was missing is no failure once it is built.
  const { value: checks, error } = useRequest("desktop.doctor", {}, ["template.ended"]);
  if (error !== null) return <p className="welcome-bad">It could not be looked at: {error}</p>;
  if (checks === null) return <p>Looking at QEMU, memory, disks, display …</p>;
  // The VMs beside this say how far their templates are.
  const about = checks.filter(({ id }) => !id.startsWith("template-"));
  const wrong = about.filter(({ status }) => status !== "ok");
  const right = about.length - wrong.length;
  return (
    <ul className="machine-checks">
      <li data-status="ok">
        <Check size={14} aria-hidden="true" />
        <span>{wrong.length === 0 ? `All ${right} checks passed` : `${right} of ${about.length} checks passed`}</span>
      </li>
      {wrong.map((check) => (
        <WrongCheck key={check.id} check={check} />
      ))}
    </ul>
  );
}

function WrongCheck({ check }: { check: DoctorCheck }) {
  const Icon = ICONS[check.status];
  return (
    <li data-status={check.status}>
      <Icon size={14} aria-hidden="true" />
      <span>
        {check.detail}
        {check.remedy !== "" && <small>{check.remedy}</small>}
      </span>
    </li>
  );
}
