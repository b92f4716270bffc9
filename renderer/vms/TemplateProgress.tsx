/** How far the build of a template is. */
import "./template-progress.css";
import type { TemplateProgress as Progress } from "#shared/model/template.ts";

const STEPS: Readonly<Record<Progress["step"], string>> = {
  wait: "another Atoll builds it",
  prepare: "preparing",
  download: "fetching packages",
  install: "installing packages",
  kernel: "making its kernel",
  image: "writing its disk",
  finish: "finishing",
};

export function TemplateProgress({ progress }: { progress: Progress }) {
  const { name, step, fraction } = progress;
  const percent = fraction === null ? null : Math.round(fraction * 100);
  return (
    <span className="template-progress">
      <span className="template-words">
        Template {name}: {STEPS[step]}
        {percent !== null && ` · ${percent} %`}
      </span>
      <span
        className="template-bar"
        role="progressbar"
        aria-label={`Template ${name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent !== null && { "aria-valuenow": percent })}
      >
        <span style={{ width: `${percent ?? 0}%` }} />
      </span>
    </span>
  );
}
