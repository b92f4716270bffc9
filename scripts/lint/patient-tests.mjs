// Lint rule: a test waits for what comes by itself, for as long as a busy machine may need.

/** What waits for less gives up where a machine that does something else, too, would have come to it. */
const LEAST_MS = 5_000;
const words = {
  short: `A busy machine needs longer: wait for ${LEAST_MS} ms at least, or leave the limit out.`,
  sleep: "Wait for the event, not for a time: expect.poll, or expect(locator).",
  once: "This looks once at what settles by itself: expect(locator).toBeVisible() and others look again, and so does expect.poll.",
};
/** Of Playwright's locators: what they say now. */
const reads = new Set([
  ...["allInnerTexts", "allTextContents", "boundingBox", "count", "getAttribute", "innerText", "inputValue"],
  ...["isChecked", "isDisabled", "isEditable", "isEnabled", "isHidden", "isVisible", "textContent"],
]);

/** @param {any} node @returns {string | undefined} the method that is called */
const methodOf = ({ callee }) =>
  callee?.type === "MemberExpression" && !callee.computed ? callee.property.name : callee?.name;

/** @param {any} node @returns {any} what is left without `?.y`, `?? ""` and the like */
function inner(node) {
  if (node.type === "ChainExpression") return inner(node.expression);
  if (node.type === "MemberExpression") return inner(node.object);
  if (node.type === "LogicalExpression") return inner(node.left);
  return node;
}

export default {
  meta: { name: "atoll-tests" },
  rules: {
    patient: {
      /** @param {any} context */
      create(context) {
        /** @param {any} node @param {string} message */
        const report = (node, message) => context.report({ node, message });
        return {
          /** @param {any} node */
          Property(node) {
            const isTimeout = !node.computed && (node.key.name ?? node.key.value) === "timeout";
            const isShort = typeof node.value.value === "number" && node.value.value < LEAST_MS;
            if (isTimeout && isShort && node.parent.parent?.type === "CallExpression") report(node, words.short);
          },
          /** @param {any} node */
          CallExpression(node) {
            const method = methodOf(node);
            if (method === "waitForTimeout") report(node, words.sleep);
            if (method === "setTimeout" && isPromised(node)) report(node, words.sleep);
            const [value] = node.arguments;
            if (method !== "expect" || value === undefined) return;
            const read = inner(value);
            if (read.type === "AwaitExpression" && reads.has(methodOf(inner(read.argument)) ?? ""))
              report(node, words.once);
          },
        };
      },
    },
  },
};

/** @param {any} node `new Promise((resolve) => setTimeout(resolve, ...))` */
function isPromised({ parent, arguments: [called] }) {
  const made = parent?.type === "ArrowFunctionExpression" ? parent : undefined;
  return made?.parent?.callee?.name === "Promise" && made.params[0]?.name === called?.name;
}
