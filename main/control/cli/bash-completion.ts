/** Completion of the `atoll` command for bash, made from its commands, so that none is forgotten. */
import type { Command } from "commander";
import { commandPaths, WRITE_DOCS } from "./command-tree.ts";

export function bashCompletion(program: Command): string {
  const cases = commandPaths(program).map(({ path, command }) => {
    const words = [
      ...command.commands.filter(isShown).map((child) => child.name()),
      ...command.options.flatMap(({ long }) => long ?? []),
      "--help",
    ];
    const operands = command.registeredArguments.map((argument) => argument.name());
    return `    ${quoted(path.join(" "))}) words=${quoted(words.join(" "))} operands=${quoted(operands.join(" "))} ;;`;
  });
  const choices = new Map<string, readonly string[]>();
  for (const { command } of commandPaths(program))
    for (const { long, argChoices } of command.options) if (long && argChoices) choices.set(long, argChoices);
  const values = [...choices].map(([option, of]) => `    ${option}) words=${quoted(of.join(" "))} ;;`);
  return `# Completion of atoll(1) for bash; made by the application itself.
_atoll_words() {
  case $1 in
${cases.join("\n")}
    *) return 1 ;;
  esac
}

_atoll() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path="" words="" operands="" given=0 index word
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # What follows is a program's own.
    [[ $word == -- ]] && { compopt -o default; return; }
    if [[ $word == -* ]]; then continue; fi
    if _atoll_words "\${path:+$path }$word"; then path="\${path:+$path }$word"; else ((given++)); fi
  done
  _atoll_words "$path"
  local -a named=($operands)
  # The last one may be repeated.
  local last=$((\${#named[@]} - 1)) operand=""
  if ((last >= 0)); then operand=\${named[given > last ? last : given]}; fi
  case $previous in
${values.join("\n")}
  esac
  if [[ $current != -* ]]; then
    case $operand in
      vm) words="$(atoll vm list --json 2>/dev/null | sed -n 's/^    "name": "\\(.*\\)",\\{0,1\\}$/\\1/p')" ;;
      file | files | items | path | paths) compopt -o default; return ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _atoll atoll
`;
}

const isShown = (command: Command): boolean => command.name() !== WRITE_DOCS;

function quoted(text: string): string {
  return `"${text}"`;
}
