#!/usr/bin/python3
"""The antivirus VM's program: asks clamd about one file a job, and says clean only of what our own count says it has seen whole.

{"scan": {"path": "...", "sha256": "...", "bytes": 5}} is answered with a verdict (shared/model/scan.ts), and the file is
removed, or kept in quarantine; {"forget": "..."} removes a folder of files that nobody asks about any more; {"drop": [...]}
removes what was kept.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

import limits
from atoll_service import Service
from clamd import Clamd
from count import has_members
from quarantine import Quarantine

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNATURES = os.path.join(HERE, "signatures")
# Atoll puts the files here (main/scanning): memory, not the disk.
FILES = "/tmp/atoll-scan"
# What clamd unpacks.
WORK = "/tmp/atoll-clamd"
# Jobs that go on at the same time; more wait.
AT_ONCE = 2


class Unusable(Exception):
    """What cannot be done, for a person."""


def verdict(kind, *, signature=None, reason=None):
    return {"verdict": kind, "signature": signature, "reason": reason}


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
    if not has_members(path):
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


def signature_set():
    """(what names it: a hash of all its files; how many signatures; when it was made)."""
    digest, count, newest = hashlib.sha256(), 0, 0
    for name in sorted(os.listdir(SIGNATURES)):
        if name == "made":
            with open(os.path.join(SIGNATURES, name), encoding="ascii") as file:
                newest = int(file.read())
            continue
        with open(os.path.join(SIGNATURES, name), "rb") as file:
            content = file.read()
        digest.update(name.encode() + b"\0" + content)
        count += sum(1 for line in content.splitlines() if line and not line.startswith(b"#"))
    return digest.hexdigest()[:16], count, newest


class Antivirus:
    def __init__(self, service):
        self.service = service
        self.lock = threading.Lock()
        self.keeping = threading.Lock()
        self.turns = threading.Semaphore(AT_ONCE)
        self.cancelled = set()
        self.quarantine = Quarantine()
        for folder in (FILES, WORK):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder, mode=0o700)
        self.clamd = Clamd(WORK, SIGNATURES)
        version = self.clamd.until_ready()
        # "ClamAV 1.4.3/27000/date": what follows the first / is of an official database.
        self.version = version.removeprefix("ClamAV ").split("/")[0][:60]
        self.signatures, self.count, self.made = signature_set()

    def say(self, kind, **fields):
        with self.lock:
            self.service.say(kind, **fields)

    def run(self):
        threading.Thread(target=self.watch, daemon=True).start()
        for message in self.service.messages():
            if message["type"] == "desired":
                self.say("applied", revision=message["revision"])
                self.introduce()
            elif message["type"] == "job":
                threading.Thread(target=self.job, args=(message["job"], message["input"]), daemon=True).start()
            elif message["type"] == "cancel":
                self.cancelled.add(message["job"])

    def watch(self):
        """Without clamd it is no scanner: init starts all of it again."""
        print(self.clamd.ended(), file=sys.stderr)
        os._exit(1)

    def introduce(self):
        age = max(0, int(time.time()) - self.made)
        cells = {
            "engine": "ClamAV",
            "version": self.version,
            "signatures": self.signatures,
            "count": self.count,
            "ageS": age,
        }
        self.say("rows", table="engine", reset=True, rows=[{"key": "engine", "cells": cells}])
        self.say("rows", table="quarantine", reset=True, rows=self.quarantine.rows())
        days = age // 86_400
        self.say("status", text=f"{self.count} signatures, {days} {'day' if days == 1 else 'days'} old")
        self.say("health", state="ok")

    def job(self, job, asked):
        with self.turns:
            try:
                output = self.done(job, asked)
            except Unusable as problem:
                self.say("result", job=job, ok=False, reason=str(problem))
            except Exception as problem:  # Whatever a file makes of it costs its own job alone.
                self.say("result", job=job, ok=False, reason=f"{type(problem).__name__}: {problem}"[:300])
            else:
                self.say("result", job=job, ok=True, output=output)
            self.cancelled.discard(job)

    def done(self, job, asked):
        if isinstance(asked, dict) and list(asked) == ["forget"]:
            shutil.rmtree(own_path(asked["forget"]), ignore_errors=True)
            return {}
        if isinstance(asked, dict) and list(asked) == ["drop"]:
            self.drop(asked["drop"])
            return {}
        if not isinstance(asked, dict) or list(asked) != ["scan"] or not isinstance(asked["scan"], dict):
            raise Unusable("there is no such job")
        path = own_path(asked["scan"].get("path"))
        try:
            if job in self.cancelled:
                raise Unusable("nobody waits for it")
            sha256, size = digest_of(path)
            found = self.look(path, size)
            kept = self.keep(path, asked["scan"].get("keep"), found["verdict"])
        except OSError as error:
            raise Unusable(f"the file cannot be read: {error.strerror}") from error
        finally:
            if os.path.lexists(path):
                os.remove(path)
        engine = {"name": "ClamAV", "version": self.version, "signatures": self.signatures}
        return {"sha256": sha256, "bytes": size, "engine": engine, "kept": kept, **found}

    def keep(self, path, wanted, verdict):
        """`wanted`: {"key", "name", "verdicts"} or None. Whether it is in quarantine."""
        if not isinstance(wanted, dict) or verdict not in wanted.get("verdicts", ()):
            return False
        with self.keeping:
            if not self.quarantine.keep(path, wanted.get("key"), wanted.get("name")):
                return False
            self.say("rows", table="quarantine", rows=[self.quarantine.row(wanted["key"])])
        return True

    def drop(self, keys):
        if not isinstance(keys, list):
            raise Unusable("there is no such job")
        with self.keeping:
            self.quarantine.drop(keys)
            self.say("rows", table="quarantine", removed=[key for key in keys if isinstance(key, str) and key])

    def look(self, path, size):
        if size > limits.FILE_BYTES:
            return verdict("not-scanned", reason=f"it has more than {limits.FILE_BYTES // limits.MIB} MiB")
        try:
            signature, problem = self.clamd.scan(path)
        except OSError as error:
            return verdict("error", reason=f"clamd does not answer: {error}"[:300])
        if signature is not None:
            return judged(signature[:200])
        if problem is not None:
            return verdict("error", reason=problem[:300])
        reason = uncounted(path)
        return verdict("not-scanned", reason=reason[:300]) if reason else verdict("clean")


def own_path(path):
    """Of a file or folder that Atoll has put there."""
    if not isinstance(path, str) or not path.startswith(f"{FILES}/"):
        raise Unusable("that is no file of a scan")
    parts = path.removeprefix(f"{FILES}/").split("/")
    if any(not part.isalnum() for part in parts):
        raise Unusable("that is no file of a scan")
    return path


def digest_of(path):
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


if __name__ == "__main__":
    atoll = Service()
    try:
        antivirus = Antivirus(atoll)
    except (OSError, ValueError) as problem:
        atoll.say("health", state="failing", detail=f"clamd does not start: are its signatures whole? {problem}"[:300])
        sys.exit(1)
    antivirus.run()
