/** One transfer: from whom to whom, what, how far it is, and what can be done to it. Opened, it shows its files. */
import { ArrowRight, ChevronRight, Pause, Play, RotateCcw, X } from "lucide-react";
import type { ReactNode } from "react";
import type { TransferView } from "#shared/model/transfer.ts";
import { bytesWords, countWords } from "../../ui/format.ts";
import { GuestName, RevealedText } from "../../ui/GuestText.tsx";
import { nameOf, PartyTag } from "../crossings/Party.tsx";
import { FileList } from "./FileList.tsx";
import {
  countsWords,
  isEnded,
  objectWords,
  paceWords,
  percentWords,
  shareOf,
  TRANSFER_WORDS,
  type TransferVerb,
  verbsOf,
} from "./transfer-words.ts";

interface TransferRowProps {
  transfer: TransferView;
  isOpen: boolean;
  /** The Tab key reaches it. */
  isReached: boolean;
  /** It has got the focus. */
  reach: () => void;
  toggle: () => void;
  run: (verb: TransferVerb) => void;
}

export function TransferRow({ transfer, isOpen, isReached, reach, toggle, run }: TransferRowProps) {
  const { from, to, state, detail, name, chosen } = transfer;
  const { word, tone, Icon } = TRANSFER_WORDS[state];
  const tabIndex = isReached ? 0 : -1;
  return (
    <li className="transfer" data-state={state} data-tone={tone} data-open={isOpen || undefined} onFocus={reach}>
      <div className="transfer-line">
        <button
          type="button"
          className="transfer-head"
          tabIndex={tabIndex}
          aria-expanded={isOpen}
          aria-label={`${objectWords(transfer)} from ${nameOf(from)} to ${nameOf(to)}, ${word}`}
          aria-keyshortcuts="Delete Space"
          onClick={toggle}
        >
          <ChevronRight className="transfer-fold" size={14} aria-hidden="true" />
          <PartyTag party={from} />
          <ArrowRight className="transfer-arrow" size={14} aria-hidden="true" />
          <PartyTag party={to} />
          <span className="transfer-what">
            {name === "" ? objectWords(transfer) : <GuestName name={name} />}
            {name !== "" && chosen > 1 && <small>and {countWords(chosen - 1)} more</small>}
          </span>
          <span className="transfer-state" data-tone={tone}>
            <Icon size={14} aria-hidden="true" />
            {word}
          </span>
        </button>
        <span className="transfer-verbs">
          {verbsOf(transfer).map((verb) => (
            <VerbButton key={verb} verb={verb} transfer={transfer} tabIndex={tabIndex} run={() => run(verb)} />
          ))}
        </span>
      </div>
      {!isEnded(transfer) && <Progress transfer={transfer} />}
      <p className="transfer-facts">
        <span>{isEnded(transfer) ? bytesWords(transfer.doneBytes) : paceWords(transfer).join(" · ")}</span>
        {detail !== "" && (
          <span className="transfer-detail">
            <RevealedText text={detail} />
          </span>
        )}
        <span className="transfer-counts" data-tone={transfer.failed > 0 ? "bad" : undefined}>
          {countsWords(transfer)}
        </span>
      </p>
      {isOpen && <FileList transfer={transfer} />}
    </li>
  );
}

function Progress({ transfer }: { transfer: TransferView }) {
  const share = shareOf(transfer);
  return (
    <div
      className="transfer-progress"
      role="progressbar"
      aria-label={`${objectWords(transfer)}, ${percentWords(share)}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(share * 100)}
    >
      <span style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}

interface VerbButtonProps {
  verb: TransferVerb;
  transfer: TransferView;
  tabIndex: number;
  run: () => void;
}

function VerbButton({ verb, transfer, tabIndex, run }: VerbButtonProps) {
  const buttons: Readonly<Record<TransferVerb, readonly [icon: ReactNode, name: string, text: string | null]>> = {
    pause: [<Pause key="icon" size={15} />, "Pause", null],
    resume: [<Play key="icon" size={13} />, "Resume", `Resume (${percentWords(shareOf(transfer))})`],
    cancel: [<X key="icon" size={15} />, "Cancel", null],
    retry: [<RotateCcw key="icon" size={13} />, "Retry failed", "Retry failed"],
  };
  const [icon, name, text] = buttons[verb];
  const props = { type: "button", tabIndex, onClick: run } as const;
  if (text === null)
    return (
      <button {...props} className="transfer-icon" aria-label={`${name} ${objectWords(transfer)}`} title={name}>
        {icon}
      </button>
    );
  return (
    <button {...props} className="button icon-button">
      {icon}
      {text}
    </button>
  );
}
