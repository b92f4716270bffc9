#!/usr/bin/python3
"""Looks at one file and at all that is packed in it, by YARA's rules. A program of its own, so that a file that makes it crash, hang
or grow ends it and nothing else. Prints {"found": [RULE...], "suspicious": [RULE...], "why": REASON}: `why` not all was looked at.

A rule whose `meta` says `verdict = "suspicious"` is a guess; any other has found something.
"""

import json
import os
import resource
import sys

import limits
import yara
from count import MEMORY, Counter, reason_of

# Of one file in it; all have COUNT_S.
MATCH_S = 30


class Looker(Counter):
    def __init__(self, rules):
        super().__init__()
        self.rules = rules
        self.names = {"found": set(), "suspicious": set()}

    def look(self, file, depth):
        for match in self.rules.match(data=file.read(), timeout=MATCH_S):
            is_guess = match.meta.get("verdict") == "suspicious"
            self.names["suspicious" if is_guess else "found"].add(match.rule)
        file.seek(0)
        super().look(file, depth)


def look(rules_folder, path):
    files = {name: os.path.join(rules_folder, name) for name in os.listdir(rules_folder) if name.endswith(".yar")}
    looker = Looker(yara.compile(filepaths=files, includes=False))
    try:
        why = reason_of(looker, path)
    except yara.Error as problem:
        why = f"YARA could not look at it: {problem}"
    return {**{kind: sorted(names) for kind, names in looker.names.items()}, "why": why}


if __name__ == "__main__":
    # The rules' own, and a copy of a file that is looked at.
    memory = MEMORY + limits.FILE_BYTES + 128 * limits.MIB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.COUNT_S, limits.COUNT_S))
    print(json.dumps(look(*sys.argv[1:3])))
