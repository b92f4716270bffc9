// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { promptButtons } from "./prompt-buttons.ts";

function button(name: string | null, isDisabled = false): HTMLButtonElement {
  const made = document.createElement("button");
  if (name !== null) made.dataset["answer"] = name;
  made.disabled = isDisabled;
  return made;
}

it("the buttons of a crossing's prompt are found by what its view says of them, and no others", () => {
  const prompt = document.createElement("div");
  prompt.dataset["prompt"] = "7";
  prompt.append(button("deny"), button("once", true), button("what"), button(null));
  document.body.append(button("once"), prompt);
  const place = { prompt: 7, x: 0, y: 0, width: 0, height: 0 };
  expect(promptButtons(document)).toEqual([
    { ...place, name: "deny", enabled: true },
    { ...place, name: "once", enabled: false },
  ]);
});
