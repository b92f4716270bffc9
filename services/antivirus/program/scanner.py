"""What every scanner of files does: takes jobs of one file each, has its engine look, keeps what it is told to keep, removes the rest.

Copy this file, with quarantine.py and atoll_service.py, into a scanner of your own. The messages are in shared/model/scan.ts.
"""

import base64
import hashlib
import os
import secrets
import shutil
import threading
import time

from quarantine import Quarantine

# Atoll puts the files here (main/scanning): memory, not the disk.
FILES = "/tmp/atoll-scan"
# Jobs that go on at the same time; more wait.
AT_ONCE = 2
# A file that says when signatures were made.
MADE = "made"
# Of a signed database: its head has the time and the number of its signatures.
SIGNED_HEAD = b"ClamAV-VDB:"
HEAD_BYTES = 512


class Unusable(Exception):
    """What cannot be done, for a person."""


def verdict(kind, *, signature=None, reason=None):
    return {"verdict": kind, "signature": signature, "reason": reason}


def signature_set(folder):
    """(what names it: a hash of all its files; how many signatures; when the newest were made).

    A file `made` has the time of those without one of their own, in seconds since 1970; a signature is a line of a database, or a rule."""
    digest, count, made, signed = hashlib.sha256(), 0, 0, 0
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name == MADE:
            with open(path, encoding="ascii") as file:
                made = int(file.read())
            continue
        digest.update(name.encode() + b"\0" + bytes.fromhex(digest_of(path)[0]))
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
            if head.startswith(SIGNED_HEAD):
                # ClamAV-VDB:TIME:VERSION:SIGNATURES:LEVEL:MD5:SIGNATURE:BUILDER:SECONDS
                parts = head.split(b":")
                count += int(parts[3])
                signed = max(signed, int(parts[8]))
                continue
            file.seek(0)
            is_rules = name.endswith(".yar")
            count += sum(
                1
                for line in file
                if (line.startswith(b"rule ") if is_rules else line.strip() and not line.startswith(b"#"))
            )
    return digest.hexdigest()[:16], count, signed or made


class Scanner:
    """`engine` has a `name`, a `version` and `look(path, size)`, which returns a verdict. One that can be given signatures has also
    `given`, the key of those that it was given, and `take(asked)`, which gives it others."""

    def __init__(self, service, engine, signatures):
        self.service = service
        self.engine = engine
        self.folder = signatures
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
        threading.Thread(target=self.say_engine_hourly, daemon=True).start()
        for message in self.service.messages():
            if message["type"] == "desired":
                self.say("applied", revision=message["revision"])
                self.introduce()
            elif message["type"] == "job":
                threading.Thread(target=self.job, args=(message["job"], message["input"]), daemon=True).start()
            elif message["type"] == "cancel":
                self.cancelled.add(message["job"])

    def introduce(self):
        self.say_engine()
        self.say("rows", table="quarantine", reset=True, rows=self.quarantine.rows())
        self.say("health", state="ok")

    def say_engine_hourly(self):
        while True:
            time.sleep(3600)
            self.say_engine()

    def say_engine(self):
        """What would answer now. Its age grows."""
        age = max(0, int(time.time()) - self.made)
        cells = {
            "engine": self.engine.name,
            "version": self.engine.version,
            "signatures": self.signatures,
            "count": self.count,
            "ageS": age,
            "given": getattr(self.engine, "given", ""),
        }
        self.say("rows", table="engine", reset=True, rows=[{"key": "engine", "cells": cells}])
        days = age // 86_400
        self.say("status", text=f"{self.count} signatures, {days} {'day' if days == 1 else 'days'} old")

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
        if isinstance(asked, dict) and list(asked) == ["signatures"] and hasattr(self.engine, "take"):
            self.engine.take(asked["signatures"])
            self.signatures, self.count, self.made = signature_set(self.folder)
            self.introduce()
            return {}
        if isinstance(asked, dict) and list(asked) == ["adopt"]:
            with self.keeping:
                self.quarantine.adopt(asked["adopt"])
                self.say("rows", table="quarantine", reset=True, rows=self.quarantine.rows())
            return {}
        if isinstance(asked, dict) and list(asked) == ["try"]:
            return self.tried(base64.b64decode(asked["try"]))
        if not isinstance(asked, dict) or list(asked) != ["scan"] or not isinstance(asked["scan"], dict):
            raise Unusable("there is no such job")
        path = own_path(asked["scan"].get("path"))
        if job in self.cancelled:
            raise Unusable("nobody waits for it")
        return self.looked(path, asked["scan"].get("keep"))

    def tried(self, content):
        """The engine's answer about these bytes."""
        path = os.path.join(FILES, secrets.token_hex(16))
        with open(path, "xb") as file:
            file.write(content)
        return self.looked(path, None)

    def looked(self, path, wanted):
        """The answer about a file, which is removed."""
        try:
            sha256, size = digest_of(path)
            found = self.engine.look(path, size)
            kept = self.keep(path, wanted, found["verdict"])
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
