"""freshclam, and what it has fetched: databases that those who publish them have signed."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import time

FRESHCLAM = "/usr/bin/freshclam"
OFFICIAL = ("main", "daily", "bytecode")
NAME = re.compile(r"[a-z]{1,20}")
# One look, downloads of some hundred MiB included.
LOOK_S = 3600
HEAD_BYTES = 512

# Whole databases alone: what freshclam puts together of differences nobody has signed.
CONFIG = """
DatabaseDirectory {folder}
DatabaseOwner {owner}
DatabaseMirror {mirror}
ScriptedUpdates no
TestDatabases yes
CompressLocalDatabase no
MaxAttempts 3
ConnectTimeout 30
ReceiveTimeout 300
Foreground yes
LogTime no
Bytecode {bytecode}
"""


class Refused(Exception):
    """With the reason, for a person."""


def config(folder, mirror, names):
    if re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[\w.~/-]*)?", mirror, re.ASCII) is None:
        raise Refused("the setting where they come from is no address: it begins with https:// or http://")
    for name in names:
        if NAME.fullmatch(name) is None:
            raise Refused(f"“{name}” is no name of a database")
    if not names:
        raise Refused("the settings name no database")
    owner = pwd.getpwuid(os.geteuid()).pw_name
    bytecode = "yes" if "bytecode" in names else "no"
    lines = [CONFIG.format(folder=folder, owner=owner, mirror=mirror, bytecode=bytecode)]
    lines += [f"ExcludeDatabase {name}\n" for name in OFFICIAL if name not in names]
    lines += [f"ExtraDatabase {name}\n" for name in names if name not in OFFICIAL]
    return "".join(lines)


def look(work, mirror, names, command=FRESHCLAM):
    """Fetches what is new into work/databases. Raises Refused; what is there stays."""
    folder = os.path.join(work, "databases")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    file = os.path.join(work, "freshclam.conf")
    with open(file, "w", encoding="utf-8") as written:
        written.write(config(folder, mirror, names))
    words = [command, f"--config-file={file}", "--no-dns", "--stdout"]
    output = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        done = subprocess.run(words, timeout=LOOK_S, check=False, **output)
    except subprocess.TimeoutExpired as problem:
        raise Refused(f"they were not there within {LOOK_S // 60} minutes") from problem
    if done.returncode != 0:
        raise Refused(reason_of(done.stdout.decode("utf-8", "replace")) or f"freshclam ended with {done.returncode}")


def reason_of(said):
    """The first that went wrong, of what freshclam has said."""
    errors = [line.split("ERROR: ", 1)[1].strip() for line in said.splitlines() if "ERROR: " in line]
    return errors[0][:300] if errors else ""


def publish(work, names):
    """What was fetched, as a set of its own: (key, databases, count, bytes, made), or None where there is none."""
    folder = os.path.join(work, "databases")
    files = [f"{name}.cvd" for name in sorted(names) if os.path.isfile(os.path.join(folder, f"{name}.cvd"))]
    if not files:
        return None
    digest, count, size, made, said = hashlib.sha256(), 0, 0, 0, []
    for name in files:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            digest.update(name.encode() + hashlib.file_digest(file, "sha256").digest())
            file.seek(0)
            # ClamAV-VDB:TIME:VERSION:SIGNATURES:LEVEL:MD5:SIGNATURE:BUILDER:SECONDS
            head = file.read(HEAD_BYTES).decode("ascii", "replace").split(":")
        count, made = count + int(head[3]), max(made, int(head[8]))
        size += os.path.getsize(path)
        said.append(f"{name.removesuffix('.cvd')} {head[2]}")
    key = digest.hexdigest()[:32]
    place(work, folder, files, key)
    return key, ", ".join(said), count, size, made


def place(work, folder, files, key):
    """In work/sets/KEY, which does not change while it is carried. One that was published before goes with the next."""
    sets = os.path.join(work, "sets")
    os.makedirs(sets, mode=0o700, exist_ok=True)
    target, partial = os.path.join(sets, key), os.path.join(sets, f"{key}.partial")
    for name in os.listdir(sets):
        if name.endswith(".partial"):
            shutil.rmtree(os.path.join(sets, name), ignore_errors=True)
    if not os.path.isdir(target):
        os.mkdir(partial, 0o700)
        for name in files:
            shutil.copyfile(os.path.join(folder, name), os.path.join(partial, name))
        # A VM that loses its power must not have half a file under a whole set's name.
        os.sync()
        os.rename(partial, target)
        os.sync()
    others = sorted((name for name in os.listdir(sets) if name != key), key=lambda name: os.path.getmtime(os.path.join(sets, name)))
    for name in others[:-1]:
        shutil.rmtree(os.path.join(sets, name), ignore_errors=True)


def age_of(made):
    return max(0, int(time.time()) - made)
