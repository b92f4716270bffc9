"""What every scanner of files does: takes jobs of one file each, has its engine look, keeps what it is told to keep, removes the rest.

Copy this file, with quarantine.py and atoll_service.py, into a scanner of your own. The messages are in shared/model/scan.ts.
"""

import hashlib
import os
import shutil
import threading
import time

from quarantine import Quarantine

# Atoll puts the files here (main/scanning): memory, not the disk.
FILES = "/tmp/atoll-scan"
# Jobs that go on at the same time; more wait.
AT_ONCE = 2


class Unusable(Exception):
    """What cannot be done, for a person."""


def verdict(kind, *, signature=None, reason=None):
    return {"verdict": kind, "signature": signature, "reason": reason}


def signature_set(folder):
    """(what names it: a hash of all its files; how many signatures; when it was made).

    A file `made` has the time, in seconds since 1970; a signature is a line of a database, or a rule."""
    digest, count, newest = hashlib.sha256(), 0, 0
    for name in sorted(os.listdir(folder)):
        if name == "made":
            with open(os.path.join(folder, name), encoding="ascii") as file:
                newest = int(file.read())
            continue
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        digest.update(name.encode() + b"\0" + content)
        is_rules = name.endswith(".yar")
        count += sum(
            1
            for line in content.splitlines()
            if (line.startswith(b"rule ") if is_rules else line and not line.startswith(b"#"))
        )
    return digest.hexdigest()[:16], count, newest


class Scanner:
    """`engine` has a `name`, a `version` and `look(path, size)`, which returns a verdict."""

    def __init__(self, service, engine, signatures):
        self.service = service
        self.engine = engine
        self.signatures, self.count, self.made = signature_set(signatures)
        self.lock = threading.Lock()
        self.keeping = threading.Lock()
        self.turns = threading.Semaphore(AT_ONCE)
        self.cancelled = set()
        self.quarantine = Quarantine()
        shutil.rmtree(FILES, ignore_errors=True)
        os.makedirs(FILES, mode=0o700)

    def say(self, kind, **fields):
        with self.lock:
            self.service.say(kind, **fields)

    def run(self):
        for message in self.service.messages():
            if message["type"] == "desired":
                self.say("applied", revision=message["revision"])
                self.introduce()
            elif message["type"] == "job":
                threading.Thread(target=self.job, args=(message["job"], message["input"]), daemon=True).start()
            elif message["type"] == "cancel":
                self.cancelled.add(message["job"])

    def introduce(self):
        age = max(0, int(time.time()) - self.made)
        cells = {
            "engine": self.engine.name,
            "version": self.engine.version,
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
            found = self.engine.look(path, size)
            kept = self.keep(path, asked["scan"].get("keep"), found["verdict"])
        except OSError as error:
            raise Unusable(f"the file cannot be read: {error.strerror}") from error
        finally:
            if os.path.lexists(path):
                os.remove(path)
        engine = {"name": self.engine.name, "version": self.engine.version, "signatures": self.signatures}
        return {"sha256": sha256, "bytes": size, "engine": engine, "kept": kept, **found}

    def keep(self, path, wanted, kind):
        """`wanted`: {"key", "name", "verdicts"} or None. Whether it is in quarantine."""
        if not isinstance(wanted, dict) or kind not in wanted.get("verdicts", ()):
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
