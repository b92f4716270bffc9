#!/usr/bin/python3
"""The antivirus VM's program: asks clamd about one file a job, and says clean only of what our own count says it has seen whole."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import Future

import limits
from atoll_service import Service
from clamd import Clamd
from count import has_members
from scanner import Scanner, Unusable, verdict
from signature_sets import SignatureSets
from snapshot import ready

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "signatures")
# What clamd reads.
SIGNATURES = "/tmp/atoll-signatures"
# What clamd unpacks.
WORK = "/tmp/atoll-clamd"


# A larger file goes to the process that counts, whatever it is: one full of what only seems to be the beginning of an archive takes
# minutes to see through, in which this program, which looks at others' files too, could not end it.
SEEN_HERE = limits.MIB


def judged(signature):
    """What an alert of clamd comes to."""
    if signature.startswith("Heuristics.Encrypted."):
        return verdict("not-scanned", signature=signature, reason="it is encrypted")
    if signature.startswith("Heuristics.Limits.Exceeded"):
        return verdict("not-scanned", signature=signature, reason="it exceeds what the engine looks at")
    if signature.startswith(("Heuristics.", "PUA.")):
        return verdict("suspicious", signature=signature)
    return verdict("found", signature=signature)


def uncounted(path):
    """Why not all of the file can have been looked at; "" where it can."""
    if os.path.getsize(path) <= SEEN_HERE and not has_members(path):
        return ""
    command = [sys.executable, "-I", "-S", "-c", COUNT, HERE, path]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limits.COUNT_S, check=False, text=True)
    except subprocess.TimeoutExpired:
        return f"what is in it could not be counted within {limits.COUNT_S} s"
    return done.stdout.strip() if done.returncode == 0 else "what is in it could not be counted"


# As its own program would, but with this folder's modules alone.
COUNT = (
    "import sys, runpy; folder = sys.argv[1]; sys.path.insert(0, folder); sys.argv = sys.argv[1:];"
    " runpy.run_path(folder + '/count.py', run_name='__main__')"
)


class ClamAV:
    name = "ClamAV"

    def __init__(self):
        self.clamd = None
        self.sets = SignatureSets(SHIPPED, SIGNATURES)
        self.start()

    def start(self):
        shutil.rmtree(WORK, ignore_errors=True)
        os.makedirs(WORK, mode=0o700)
        self.loaded = self.sets.key
        born = Future()
        threading.Thread(target=self.live, args=(born,), daemon=True).start()
        clamd = born.result()
        version = clamd.until_ready()
        # "ClamAV 1.4.3/27000/date": what follows the first / is of an official database.
        self.version = version.removeprefix("ClamAV ").split("/")[0][:60]
        self.clamd = clamd
        if not clamd.is_up():
            raise OSError(clamd.ended())

    def live(self, born):
        """For as long as a clamd does, as it ends with the thread that has started it. Without clamd it is no scanner: init starts
        all of it again."""
        try:
            clamd = Clamd(WORK, SIGNATURES)
        except OSError as problem:
            born.set_exception(problem)
            return
        born.set_result(clamd)
        how = clamd.ended()
        if clamd is self.clamd:
            print(how, file=sys.stderr)
            os._exit(1)

    @property
    def given(self):
        return self.loaded

    def go_on(self, atoll):
        """In a VM that goes on from a memory in which its own signatures may not be loaded. Reading them may take minutes."""
        if self.sets.key != self.loaded:
            atoll.say("health", state="starting", detail="it reads the signatures that it was given")
            self.end()
            self.sets.link()
            self.start()

    def end(self):
        before, self.clamd = self.clamd, None
        before.end()

    def take(self, asked):
        """Nobody else uses this VM. Two clamd at once would need the memory of both."""
        self.end()
        try:
            self.sets.take(str(asked["key"]), str(asked["own"]), asked["fetched"])
            self.start()
        except OSError as problem:
            raise Unusable(str(problem)[:900]) from problem

    def look(self, path, size):
        if size > limits.FILE_BYTES:
            return verdict("not-scanned", reason=f"it has more than {limits.FILE_BYTES // limits.MIB} MiB")
        clamd = self.clamd
        if clamd is None:
            return verdict("error", reason="it has no signatures")
        try:
            signature, problem = clamd.scan(path)
        except OSError as error:
            return verdict("error", reason=f"clamd does not answer: {error}"[:300])
        if signature is not None:
            return judged(signature[:200])
        if problem is not None:
            return verdict("error", reason=problem[:300])
        reason = uncounted(path)
        return verdict("not-scanned", reason=reason[:300]) if reason else verdict("clean")


def end_without(atoll, problem):
    atoll.say("health", state="failing", detail=f"clamd does not start: are its signatures whole? {problem}"[:300])
    sys.exit(1)


if __name__ == "__main__":
    atoll = None
    try:
        engine = ClamAV()
        ready()
        atoll = Service()
        engine.go_on(atoll)
        scanner = Scanner(atoll, engine, SIGNATURES)
    except (OSError, ValueError) as problem:
        end_without(atoll or Service(), problem)
    scanner.run()
