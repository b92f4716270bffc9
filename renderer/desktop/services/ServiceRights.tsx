/** What a service may do, and what it may not. */
import { Ban, Check } from "lucide-react";
import type { ServiceRight } from "#shared/model/service.ts";

export function Rights({ rights }: { rights: readonly ServiceRight[] }) {
  const [may, mayNot] = [rights.filter(({ asked }) => asked), rights.filter(({ asked }) => !asked)];
  return (
    <section className="service-part" aria-label="Rights">
      <h4>What it may do</h4>
      <ul className="service-rights">
        {may.length === 0 && <li>Works on what it is given, in a VM of its own</li>}
        {may.map(({ id, words }) => (
          <li key={id} data-asked="">
            <Check size={14} aria-hidden="true" />
            {words}
          </li>
        ))}
      </ul>
      {mayNot.length > 0 && <h4>What it may not do</h4>}
      <ul className="service-rights">
        {mayNot.map(({ id, words, has }) => (
          <li key={id} data-excess={has === true ? "" : undefined}>
            <Ban size={14} aria-hidden="true" />
            {words}
            {has === true && <strong> and has it all the same: stop it</strong>}
            {has === false && <small>its VM does not have it</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}
