#!/usr/bin/python3
"""The program of the service VM `yara`: each file is looked at by a process of its own (look.py), also what is packed in it."""

import json
import os
import subprocess
import sys

import limits
import yara
from atoll_service import Service
from scanner import Scanner, verdict

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(HERE, "rules")
# As look.py's own program would, but with this folder's modules and Debian's alone.
LOOK = (
    "import sys, runpy; folder = sys.argv[1]; sys.path.insert(0, folder); sys.argv = sys.argv[1:];"
    " runpy.run_path(folder + '/look.py', run_name='__main__')"
)


class Yara:
    name = "YARA"
    version = yara.YARA_VERSION

    def look(self, path, size):
        if size > limits.FILE_BYTES:
            return verdict("not-scanned", reason=f"it has more than {limits.FILE_BYTES // limits.MIB} MiB")
        command = [sys.executable, "-I", "-c", LOOK, HERE, RULES, path]
        try:
            done = subprocess.run(command, capture_output=True, timeout=limits.COUNT_S, check=False, text=True)
        except subprocess.TimeoutExpired:
            return verdict("not-scanned", reason=f"it could not be looked at within {limits.COUNT_S} s")
        if done.returncode != 0:
            return verdict("error", reason="what looks at it has crashed, or needs too much memory")
        said = json.loads(done.stdout)
        for kind in ("found", "suspicious"):
            if said[kind]:
                return verdict(kind, signature=", ".join(said[kind])[:200])
        return verdict("not-scanned", reason=said["why"][:300]) if said["why"] else verdict("clean")


if __name__ == "__main__":
    atoll = Service()
    try:
        scanner = Scanner(atoll, Yara(), RULES)
    except (OSError, ValueError) as problem:
        atoll.say("health", state="failing", detail=f"its rules cannot be read: {problem}"[:300])
        sys.exit(1)
    scanner.run()
