/**
 * The files of one transfer, each with its state and why. There may be a hundred thousand: only the pages that are seen are
 * asked for and drawn.
 */
import { ExternalLink } from "lucide-react";
import { useState } from "react";
import type { TransferFile, TransferView } from "#shared/model/transfer.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { fileIcon } from "../../ui/file-icon.ts";
import { bytesWords, countWords } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { withinQuotes } from "#shared/model/text.ts";
import { nameOf } from "../crossings/Party.tsx";
import { type FilePage, FILE_ROW_PX, FILES_PER_PAGE, pagesIn } from "./file-pages.ts";
import { fileReason, fileWords } from "./transfer-words.ts";

/** Rows that are seen at once, at most. */
const SEEN_ROWS = 11;

const FILTERS = [
  ["all", "All files"],
  ["failed", "Not arrived"],
] as const;
type Only = (typeof FILTERS)[number][0];

export function FileList({ transfer }: { transfer: TransferView }) {
  const [only, setOnly] = useState<Only>("all");
  const [scrolledPx, setScrolledPx] = useState(0);
  // Its first entry says how many there are, and changes with them.
  const { value, error } = useRequest("transfer.files", { id: transfer.id, offset: 0, count: 1, only }, [
    "transfer.changed",
  ]);
  const total = value?.total ?? 0;
  const seenPx = Math.min(total, SEEN_ROWS) * FILE_ROW_PX;
  return (
    <div className="files">
      <header className="files-head">
        <span>Names as {nameOf(transfer.from)} has them</span>
        {transfer.failed > 0 && (
          <div className="segments" role="radiogroup" aria-label="Which files">
            {FILTERS.map(([one, text]) => (
              <button
                key={one}
                type="button"
                role="radio"
                aria-checked={one === only}
                onClick={() => {
                  setOnly(one);
                  setScrolledPx(0);
                }}
              >
                {text}
                {one === "failed" && <small>{countWords(transfer.failed)}</small>}
              </button>
            ))}
          </div>
        )}
      </header>
      {value === null && (error === null ? <Bars count={3} /> : <p className="files-none">{error}</p>)}
      {value?.total === 0 && (
        <p className="files-none">
          {only === "failed" ? "All files have arrived." : "Its files have not been listed yet."}
        </p>
      )}
      <div
        key={only}
        className="files-room"
        style={{ height: seenPx }}
        role="list"
        aria-label="Files"
        onScroll={({ currentTarget }) => setScrolledPx(currentTarget.scrollTop)}
      >
        <div className="files-all" style={{ height: total * FILE_ROW_PX }}>
          {pagesIn({ scrolledPx, seenPx, total }).map((page) => (
            <Page key={page.offset} id={transfer.id} only={only} page={page} total={total} />
          ))}
        </div>
      </div>
    </div>
  );
}

interface PageProps {
  id: number;
  only: Only;
  page: FilePage;
  total: number;
}

function Page({ id, only, page: { offset, count, topPx }, total }: PageProps) {
  const { value, error } = useRequest("transfer.files", { id, offset, count: FILES_PER_PAGE, only }, [
    "transfer.changed",
  ]);
  return (
    <div className="files-page" style={{ top: topPx }}>
      {value === null &&
        (error === null ? <Bars count={Math.min(count, SEEN_ROWS)} /> : <p className="files-none">{error}</p>)}
      {value?.files.map((file, at) => (
        <FileRow key={file.index} transfer={id} file={file} at={offset + at} total={total} />
      ))}
    </div>
  );
}

interface RowProps {
  transfer: number;
  file: TransferFile;
  at: number;
  total: number;
}

function FileRow({ transfer, file, at, total }: RowProps) {
  const { send } = useShell();
  const { word, tone, Icon } = fileWords(file);
  const TypeIcon = fileIcon(file);
  const cut = file.path.lastIndexOf("/") + 1;
  return (
    <div
      className="file"
      role="listitem"
      data-tone={tone}
      style={{ height: FILE_ROW_PX }}
      aria-posinset={at + 1}
      aria-setsize={total}
    >
      <TypeIcon size={15} aria-hidden="true" />
      <span className="file-name">
        “{cut > 0 && <Part className="file-folder" text={file.path.slice(0, cut)} />}
        <Part className="file-own" text={file.path.slice(cut)} />”
      </span>
      <span className="file-bytes">{file.isFolder ? "folder" : bytesWords(file.bytes)}</span>
      <span className="file-state">
        <Icon size={13} aria-hidden="true" />
        {word}
      </span>
      <span className="file-reason">
        <span>
          <RevealedText text={fileReason(file)} />
        </span>
        {file.canOpen && (
          <button
            type="button"
            className="file-open"
            title="Open in disposable"
            aria-label="Open in disposable"
            onClick={() =>
              send("open.open", {
                item: { kind: "arrived", transfer, index: file.index },
                in: { kind: "disposable" },
              })
            }
          >
            <ExternalLink size={13} aria-hidden="true" />
          </button>
        )}
      </span>
    </div>
  );
}

/** A piece of a name, within the quotation that it cannot end. */
function Part({ className, text }: { className: string; text: string }) {
  return (
    <span className={className}>
      <RevealedText text={withinQuotes(text)} />
    </span>
  );
}
