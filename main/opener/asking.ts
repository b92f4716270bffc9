/** What is asked before something opens elsewhere: the person, where a rule wants that, and the policy. */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { MAX_PREVIEW_CHARACTERS } from "#shared/model/crossing.ts";
import type { QuestionAnswer } from "#shared/ipc/index.ts";
import { log } from "../base/log.ts";
import type { CrossingOutcome } from "../crossings/crossing-request.ts";
import { refusalOf } from "../crossings/crossings.ts";
import { type Crossing, isDisposable, NEW_DISPOSABLE, type Party } from "../policy/crossing.ts";
import { partyView, partyWord } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import type { Stop } from "./chains.ts";
import { choicesFor } from "./choices.ts";
import { groupOf, keyOf, type OpenItem, shownItem } from "./item.ts";
import { actionOf, crossingOf, originIn, partyIn, textPreview } from "./parties.ts";
import type { OpenerParts } from "./parts.ts";
import type { OpenOptions, OpenRequest } from "./request.ts";
import type { OpenRule, PlaceDecision } from "./rules.ts";

/** More stops than this are a loop, whichever VMs they are. */
const MAX_STOPS = 4;

export type Elsewhere =
  | { readonly kind: "vm"; readonly vm: Vm }
  | { readonly kind: "disposable"; readonly template: string | null }
  | SafePlace;

/** A safe copy is opened; to render it the file goes to a VM that is gone afterwards. */
export interface SafePlace {
  readonly kind: "safe";
}

/** Chosen by a rule, or by the person. */
export type Decided = Omit<PlaceDecision, "place"> & {
  readonly place: PlaceDecision["place"] | SafePlace;
  /** The person has chosen it at a question before. */
  readonly isChosen?: boolean;
};

/** Where it shall open, and who says so. */
interface Chosen {
  readonly place: { readonly kind: "here" } | Elsewhere;
  readonly edit: boolean;
  readonly rule: OpenRule | null;
  /** The person has chosen just now, so that the policy does not ask again. */
  readonly isChosen: boolean;
}

/** What may open elsewhere. */
export interface Allowed<Place extends Elsewhere = Elsewhere> extends Chosen {
  readonly place: Place;
  /** As the policy was asked, without the size. */
  readonly crossing: Crossing;
  readonly outcome: CrossingOutcome;
}

/**
 * @param way where it has been, the origin last
 * @returns null: the person wants it to open where it is
 * @throws AppError policy.denied, policy.unanswered, open.loop, open.too-long, vm.not-found
 */
export async function askElsewhere(
  parts: OpenerParts,
  request: OpenRequest,
  decided: Decided,
  way: readonly Stop[],
  options: OpenOptions,
): Promise<Allowed | null> {
  const { item, from } = request;
  const { application, crossings } = parts;
  const chosen = await choose(parts, request, decided, options);
  const { place } = chosen;
  if (place.kind === "here") return null;
  if (request.wanted !== null) refuseLoop(place, way);
  refuseLong(item);
  const to = place.kind === "vm" ? partyIn(application.parties, place.vm) : NEW_DISPOSABLE;
  const crossing = crossingOf(item, originIn(application.parties, from), to);
  if (!chosen.isChosen && parts.policy.decide(crossing).decision === "ask") options.progress?.("asking");
  const outcome = await crossings.request(
    {
      crossing,
      subject: keyOf(item),
      preview: textPreview(item.kind === "url" ? item.link.url : item.name),
      isChosen: chosen.isChosen,
      askedBy: askerOf(request)?.id,
    },
    options.askSignal === undefined ? {} : { signal: options.askSignal },
  );
  if (!outcome.allowed) throw refusalOf(outcome);
  return { ...chosen, place, crossing, outcome };
}

async function choose(
  parts: OpenerParts,
  request: OpenRequest,
  { place, edit, rule, explanation, isChosen = false }: Decided,
  { askSignal: signal, progress }: OpenOptions,
): Promise<Chosen> {
  const { application, page } = parts;
  const { item, from } = request;
  if (place.kind === "here" || place.kind === "safe" || place.kind === "disposable")
    return { place, edit, rule, isChosen };
  if (place.kind === "vm") return { place: { kind: "vm", vm: vmOf(parts, place.vm.id) }, edit, rule, isChosen: false };
  const party = originIn(application.parties, from);
  const asker = askerOf(request);
  const action = actionOf(item);
  if (asker !== null) {
    const soon = parts.crossings.afterDenial.secondsLeft(asker.id, action);
    if (soon > 0)
      throw new AppError(
        "policy.denied",
        `You have chosen not to open something of it. It can ask again in ${soon} s.`,
      );
  }
  progress?.("asking");
  const asks = rule?.in.kind === "ask";
  const answer = await page.askUntilAnswered(
    "open.choose",
    {
      item: shownItem(item),
      group: groupOf(item),
      from: partyView(party),
      rule: asks ? { line: rule.line, text: rule.text } : null,
      explanation,
      choices: await choicesFor(item, from, place.suggested, parts),
      canEdit: item.kind === "file",
      // A disposable is gone before a rule for it could count.
      canRemember: asks && !isDisposable(party),
    },
    signal === undefined ? {} : { signal },
  );
  if (answer === null && signal?.aborted === true)
    throw new AppError("policy.unanswered", "Nobody chose where to open it, so it was not opened.");
  if (answer === null) {
    if (asker !== null) parts.crossings.afterDenial.denied(asker.id, action);
    throw new AppError("policy.denied", "You have chosen not to open it.");
  }
  const chosen = chosenPlace(parts, answer);
  if (answer.always && chosen.kind !== "safe") await remember(parts, item, party, chosen, answer.edit, rule);
  return { place: chosen, edit: answer.edit && chosen.kind !== "here" && chosen.kind !== "safe", rule, isChosen: true };
}

/** The VM whose program has asked; null: the person has, at the host. */
function askerOf({ from, wanted }: OpenRequest): Vm | null {
  return wanted === null ? null : from;
}

function chosenPlace(parts: OpenerParts, { place }: NonNullable<QuestionAnswer<"open.choose">>): Chosen["place"] {
  if (place.kind === "vm") return { kind: "vm", vm: vmOf(parts, place.vm) };
  return place.kind === "disposable" ? { kind: "disposable", template: null } : place;
}

/** That it cannot be written does not keep it from being opened: the person is told by the file's problem. */
async function remember(
  { rules }: OpenerParts,
  item: OpenItem,
  from: Party,
  place: Exclude<Chosen["place"], SafePlace>,
  edit: boolean,
  asked: OpenRule | null,
): Promise<void> {
  const word = place.kind === "vm" ? place.vm.definition.name : place.kind;
  const change = { group: groupOf(item), from: partyWord(from), in: word, edit: edit && place.kind !== "here" };
  await rules.set(change, asked).catch((error: unknown) => log(`open.yaml was not changed: ${messageOf(error)}`));
}

/** @throws AppError open.loop */
function refuseLoop(place: Elsewhere, way: readonly Stop[]): void {
  const isBack = place.kind === "vm" && way.includes(place.vm.id);
  if (!isBack && way.length <= MAX_STOPS) return;
  const where = place.kind === "vm" ? `VM "${place.vm.definition.name}"` : "a disposable VM";
  throw new AppError(
    "open.loop",
    `It was not opened in ${where}: it has come ${isBack ? "from there" : "through too many VMs"}, and could go round for ever. Change open.yaml, or open it by hand.`,
  );
}

/** @throws AppError open.too-long */
function refuseLong(item: OpenItem): void {
  if (item.kind === "file" || item.link.url.length <= MAX_PREVIEW_CHARACTERS) return;
  throw new AppError(
    "open.too-long",
    `This link has ${item.link.url.length} characters: one of more than ${MAX_PREVIEW_CHARACTERS} goes to no other VM, as nobody can look at all of it.`,
  );
}

function vmOf({ application }: OpenerParts, id: string | null): Vm {
  return application.vm(id ?? "");
}
