/** A service of an index: what it may do, its size and who has signed it, before anything of it is installed. */
import { ArrowUp, Download } from "lucide-react";
import { useState } from "react";
import type { ServiceView } from "#shared/model/service.ts";
import type { Offer } from "#shared/model/service-index.ts";
import { useShell } from "../../shell/shell.ts";
import { bytesWords } from "../../ui/format.ts";
import { addedRights } from "./catalogue.ts";
import { Rights } from "./ServiceRights.tsx";

export function OfferDetail({ offer }: { offer: Offer }) {
  const { name, version, description, isExpired } = offer;
  const { isInstalling, install } = useInstall(offer);
  return (
    <section className="service-detail" aria-label={name}>
      <header>
        <div>
          <h3>{name}</h3>
          <p>
            {version}, not installed. {description}
          </p>
        </div>
        <div className="service-actions">
          <button
            type="button"
            className="button icon-button"
            data-kind="main"
            disabled={isInstalling || isExpired}
            onClick={install}
          >
            <Download size={14} aria-hidden="true" />
            {isInstalling ? "Installing…" : "Install"}
          </button>
        </div>
      </header>
      <div className="service-parts">
        <Rights rights={offer.rights} />
        <section className="service-part" aria-label="Where it is from">
          <h4>Where it is from</h4>
          <Source offer={offer} />
        </section>
      </div>
    </section>
  );
}

/** Of an installed service: its later version, with what is new in its rights. */
export function UpdateNote({ offer, service }: { offer: Offer; service: ServiceView }) {
  const added = addedRights(offer, service);
  const { isInstalling, install } = useInstall(offer);
  const isBusy = isInstalling || service.isUpdating;
  const verb = added.length === 0 ? `Update to ${offer.version}` : `Allow, and update to ${offer.version}`;
  return (
    <section className="service-part service-update" aria-label="Update">
      <h4>{offer.version} is available</h4>
      {added.length > 0 && (
        <>
          <p>It asks for more than {service.version}, which goes on until you allow it:</p>
          <ul className="service-rights">
            {added.map(({ id, words }) => (
              <li key={id} data-added="">
                <ArrowUp size={14} aria-hidden="true" />
                {words}
              </li>
            ))}
          </ul>
        </>
      )}
      <Source offer={offer} />
      <p>
        {isBusy
          ? `It is tried in another VM; ${service.version} goes on meanwhile.`
          : "It is tried in another VM before it is used."}
      </p>
      <div className="service-actions">
        <button type="button" className="button" data-kind="main" disabled={isBusy} onClick={install}>
          {isBusy ? "Being tried…" : verb}
        </button>
      </div>
    </section>
  );
}

function Source({ offer: { index, isSigned, isExpired, signer, bytes } }: { offer: Offer }) {
  return (
    <dl className="service-source">
      <dt>Index</dt>
      <dd>
        {index}
        {!isSigned && <strong> nobody has signed it</strong>}
        {isExpired && <strong> it has expired: look for updates</strong>}
      </dd>
      <dt>Signed by</dt>
      <dd>
        <code>{signer}</code>
      </dd>
      <dt>Size</dt>
      <dd>{bytesWords(bytes)}, and the image of its VM, which is built here</dd>
    </dl>
  );
}

/** What is shown is what is installed: `list` says so. */
function useInstall({ name, index, list }: Offer): { isInstalling: boolean; install: () => void } {
  const { bridge, notices } = useShell();
  const [isInstalling, setInstalling] = useState(false);
  const ask = async (): Promise<void> => {
    setInstalling(true);
    const answer = await bridge.request("index.install", { name, index, list });
    setInstalling(false);
    if (!answer.ok) notices.show(answer.error.message);
  };
  return { isInstalling, install: () => void ask() };
}
