/**
 * Reads clips (reading.ts): joins the link of the VM that has one with the link of the VM that wants it, with the box for
 * pictures between them where it is one. What main has or takes itself goes by the same rules, with main as that end.
 */
import type { ClipType } from "#shared/model/clip.ts";
import type { TransferOutcome } from "../link/contracts/clipboard.ts";
import type { MessagePortLike } from "../link/message-port.ts";
import { sendContent } from "./main-ends.ts";
import type { ShownPicture } from "#shared/model/picture.ts";
import type { OpenBox, PictureBox } from "./picture-box.ts";
import { headText } from "./head-text.ts";
import type { ClipEnd, ClipPreview, ClipReading, ClipTarget, ReadClip, ReadySource } from "./reading.ts";
import { collectTarget, type DeliveryTarget, type TargetEnd, vmTarget } from "./targets.ts";
import { clipboard } from "../vms/services/clipboard.ts";
import { AppError } from "#shared/model/app-error.ts";

export function clipReader(pictures: PictureBox): ReadClip<ReadySource> {
  return (source, type) => new Reading(source, type, pictures);
}

class Reading implements ClipReading {
  readonly #source: ReadySource;
  readonly #type: ClipType;
  readonly #pictures: PictureBox;
  /** Of a VM's link. */
  #number: number | null = null;
  #outcome: TransferOutcome | null = null;
  readonly #sourceEnded: Promise<TransferOutcome>;
  #endSource: (outcome: TransferOutcome) => void = () => undefined;
  #box: OpenBox | null = null;
  #cancelSending: () => void = () => undefined;
  #isCancelled = false;
  /** Refuses what asks for content that goes nowhere. */
  #refuse: ((request: number) => void) | null = null;
  #target: DeliveryTarget | null = null;
  #preview: ClipPreview;
  readonly #previewListeners = new Set<(preview: ClipPreview) => void>();
  readonly #takenListeners = new Set<() => void>();

  constructor(source: ReadySource, type: ClipType, pictures: PictureBox) {
    this.#source = source;
    this.#type = type;
    this.#pictures = pictures;
    this.#preview = { text: "", bytes: 0, isComplete: false, picture: null };
    this.#sourceEnded = new Promise((resolve) => {
      this.#endSource = (outcome) => {
        this.#outcome ??= outcome;
        if (outcome !== "complete") this.#box?.end();
        resolve(this.#outcome);
      };
    });
    if (type === "image/png") pictures.prepare();
    if (source.kind === "vm") this.#begin(source);
    else {
      const { bytes } = source;
      this.#preview = { text: headText(bytes, type), bytes: bytes.length, isComplete: true, picture: null };
    }
  }

  get preview(): ClipPreview {
    return this.#preview;
  }

  look(): void {
    if (this.#type !== "image/png" || this.#box !== null || this.#outcome !== null) return;
    try {
      this.#openBox((picture) => this.#show({ ...this.#preview, picture }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#endSource("source");
    }
  }

  onPreview(changed: (preview: ClipPreview) => void): () => void {
    this.#previewListeners.add(changed);
    return () => this.#previewListeners.delete(changed);
  }

  onTaken(taken: () => void): () => void {
    this.#takenListeners.add(taken);
    return () => this.#takenListeners.delete(taken);
  }

  answer(request: number): void {
    if (this.#target === null) this.#refuse?.(request);
    else this.#target.answer(request);
  }

  async deliver(target: ClipTarget, ruleBytes: number | null = null): Promise<ClipEnd> {
    const isHtmlForHost = target.kind === "collect" && this.#type === "text/html";
    const cancelled = this.#isCancelled ? "cancelled" : null;
    const failure = cancelled ?? this.#outcome ?? (isHtmlForHost ? "content" : null);
    if (failure !== null && failure !== "complete") {
      if (target.kind === "request" || target.kind === "ahead")
        this.#refuse = (request) => target.vm.service(clipboard).refuse(request);
      if (target.kind === "request") this.#refuse?.(target.request);
      this.cancel();
      return { outcome: "failed", bytes: 0, by: failure };
    }
    const delivery =
      target.kind === "collect"
        ? collectTarget({ type: this.#type, ruleBytes })
        : vmTarget(target, { type: this.#type, ruleBytes }, () => {
            for (const taken of [...this.#takenListeners]) taken();
            this.#takenListeners.clear();
          });
    this.#target = delivery;
    try {
      this.#join(delivery);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // A source whose link is gone has said so.
      delivery.lost();
      this.#stopSource();
    }
    const end = await delivery.ended;
    this.#box?.end();
    return this.#endOf(end);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#stopSource();
    if (this.#target === null) this.#box?.end();
    else this.#target.cancel();
  }

  #begin({ vm, selection, generation, type: sourceType }: Extract<ReadySource, { kind: "vm" }>): void {
    try {
      this.#number = vm.service(clipboard).read(
        { selection, generation, sourceType, as: this.#type },
        {
          progress: (bytes, untrustedHead, isComplete) => {
            const text = untrustedHead === null ? this.#preview.text : headText(untrustedHead, this.#type);
            this.#show({ ...this.#preview, text, bytes, isComplete });
          },
          ended: (outcome) => this.#endSource(outcome),
        },
      );
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#endSource("source");
    }
  }

  /** @throws AppError vm.not-running */
  #join(target: DeliveryTarget): void {
    if (this.#type === "image/png") {
      (this.#box ?? this.#openBox(null)).deliver((port) => target.takeFrom(port));
      return;
    }
    if (this.#source.kind === "bytes") return this.#sendTo(target.port());
    const client = this.#source.vm.service(clipboard);
    if (target.link === null) target.takeFrom(client.deliver(this.#number ?? 0));
    else {
      const { vm, giving, given } = target.link;
      client.connect(this.#number ?? 0, vm.service(clipboard), giving, given);
    }
  }

  /** @throws AppError vm.not-running */
  #openBox(shown: ((picture: ShownPicture) => void) | null): OpenBox {
    this.#box = this.#pictures.open((port) => this.#sendTo(port), shown);
    return this.#box;
  }

  #show(preview: ClipPreview): void {
    this.#preview = preview;
    for (const changed of [...this.#previewListeners]) changed(preview);
  }

  /** @throws AppError vm.not-running */
  #sendTo(port: MessagePortLike): void {
    if (this.#source.kind === "vm") this.#source.vm.service(clipboard).deliver(this.#number ?? 0, port);
    else this.#cancelSending = sendContent(this.#source.bytes, port, (outcome) => this.#endSource(outcome));
  }

  #stopSource(): void {
    if (this.#source.kind === "vm" && this.#number !== null && this.#outcome === null)
      this.#source.vm.service(clipboard).cancelReading(this.#number);
    this.#cancelSending();
  }

  /** Both ends see that a way is cut, and the one that was not there says "source" or "target": the other knows better. */
  async #endOf({ outcome, bytes, characters, content }: TargetEnd): Promise<ClipEnd> {
    if (outcome === "complete") return { outcome, bytes, characters, content };
    if (outcome !== "source") return { outcome: "failed", bytes, by: outcome };
    const sourceOutcome = await this.#sourceEnded;
    const isSourceSound = sourceOutcome === "complete" || sourceOutcome === "target";
    if (!isSourceSound) return { outcome: "failed", bytes, by: sourceOutcome };
    // What is between the two has ended it: the box, which makes no picture of it.
    return { outcome: "failed", bytes, by: this.#type === "image/png" ? "content" : "source" };
  }
}
