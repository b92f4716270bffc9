// Lint rules: what a guest said never reaches a shell, the host's programs, or the page's HTML parser.

const words = {
  shell: "A shell obeys what is in its words: start a program with a list of arguments (execFile, spawn).",
  open: "The host's programs are not started with what a guest may have said.",
  html: "Text is shown as text: textContent, or React.",
};
const shells = new Set(["exec", "execSync"]);
const opening = ["openExternal", "openPath"];
const parsing = ["innerHTML", "outerHTML", "insertAdjacentHTML", "createContextualFragment", "setHTMLUnsafe"];
const members = new Map([
  ...opening.map((name) => /** @type {const} */ ([name, words.open])),
  ...parsing.map((name) => /** @type {const} */ ([name, words.html])),
]);

/** To read these is harmless. */
const written = new Set(["innerHTML", "outerHTML"]);
/** @param {any} node */
const isWritten = (node) => node.parent.type === "AssignmentExpression" && node.parent.left === node;

/** @param {any} key @returns {string | undefined} the name that a member or a property is written with */
const nameOf = ({ type, name, value }) =>
  type === "Identifier" ? name : typeof value === "string" ? value : undefined;
/** @param {any} node */
const isChildProcess = ({ value }) => value === "node:child_process" || value === "child_process";

export default {
  meta: { name: "atoll" },
  rules: {
    "guest-words": {
      /** @param {any} context */
      create(context) {
        /** Names that the whole of child_process has in this file. */
        const modules = new Set();
        /** @param {any} node @param {string} message */
        const report = (node, message) => context.report({ node, message });
        return {
          /** @param {any} node */
          ImportDeclaration(node) {
            if (!isChildProcess(node.source)) return;
            for (const specifier of node.specifiers) {
              if (specifier.type !== "ImportSpecifier") modules.add(specifier.local.name);
              else if (shells.has(nameOf(specifier.imported) ?? "")) report(specifier, words.shell);
            }
          },
          /** @param {any} node */
          MemberExpression(node) {
            const name = node.computed && node.property.type === "Identifier" ? undefined : nameOf(node.property);
            if (name === undefined) return;
            if (modules.has(node.object.name) && shells.has(name)) report(node, words.shell);
            else if (members.has(name) && (!written.has(name) || isWritten(node)))
              report(node, members.get(name) ?? "");
          },
          /** @param {any} node */
          Property(node) {
            const name = node.computed ? undefined : nameOf(node.key);
            // An option of a call; our own desktop's parts are named so as well.
            const isOption = node.parent.parent?.type === "CallExpression" && !node.shorthand;
            if (name === "shell" && isOption && node.value.value !== false) report(node, words.shell);
            // `const { openExternal } = shell`
            else if (name !== undefined && members.has(name)) report(node, members.get(name) ?? "");
          },
        };
      },
    },
  },
};
