"""The signatures that clamd reads: those that come with Atoll, and one set that was given to this VM. A set is given once, to a VM that
is not in use: other signatures go to another VM."""

import os
import re
import shutil
import time

from scanner import MADE, Unusable

FOLDER = "/home/user/kept/signatures"
# Its name, in a set's folder.
KEY_FILE = "key"
MOST_LINES = 10_000
# In it: databases with a signature of their own, which clamd checks when it reads them.
FETCHED = "fetched"
SIGNED = re.compile(r"[a-z]{1,20}\.cvd")

# A person's own lines, by the ending of the database that has such.
KINDS = [
    ("ldb", re.compile(r"[^;\s]+;[^;]*Target:\d+[^;]*;[^;]+;.+")),
    ("hdb", re.compile(r"[0-9a-fA-F]{32}:(\d+|\*):[^:\s]+(:\d+){0,2}")),
    ("hsb", re.compile(r"([0-9a-fA-F]{40}|[0-9a-fA-F]{64}):(\d+|\*):[^:\s]+(:\d+){0,2}")),
    ("ndb", re.compile(r"[^:;\s]+:\d+:[^:\s]+:[0-9a-fA-F?*{}()|\[\]!-]+(:\d+){0,2}")),
]


def sorted_lines(text):
    """By the ending of their database. Raises Unusable where a line is no signature."""
    lines = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line == "" or line.startswith("#"):
            continue
        ending = next((ending for ending, form in KINDS if form.fullmatch(line)), None)
        if ending is None:
            raise Unusable(f"line {number} of the file is no signature")
        lines.setdefault(ending, []).append(line)
    if sum(map(len, lines.values())) > MOST_LINES:
        raise Unusable(f"the file has more than {MOST_LINES} signatures")
    return lines


class SignatureSets:
    """`folder`: what clamd reads, made anew of links."""

    def __init__(self, shipped, folder, given=FOLDER):
        self._shipped, self.folder, self._given = shipped, folder, given
        self.link()

    @property
    def key(self):
        """Of the set that was given; "": none was."""
        try:
            with open(os.path.join(self._given, KEY_FILE), encoding="ascii") as file:
                return file.read()
        except OSError:
            return ""

    def take(self, key, own, fetched):
        """`own`: text of a person's file; `fetched`: a folder with signed databases, or None. Raises Unusable."""
        partial = f"{self._given}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial, mode=0o700)
        for ending, lines in sorted_lines(own).items():
            write(os.path.join(partial, f"own.{ending}"), "".join(f"{line}\n" for line in lines))
        if fetched is None:
            write(os.path.join(partial, MADE), str(int(time.time())))
        else:
            for name in os.listdir(fetched):
                if not SIGNED.fullmatch(name):
                    raise Unusable(f"{name[:40]} is no database that is signed")
            os.rename(fetched, os.path.join(partial, FETCHED))
        write(os.path.join(partial, KEY_FILE), key)
        shutil.rmtree(self._given, ignore_errors=True)
        os.rename(partial, self._given)
        self.link()

    def link(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, mode=0o700)
        for folder in (self._shipped, self._given, os.path.join(self._given, FETCHED)):
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                link = os.path.join(self.folder, name)
                if name in (KEY_FILE, FETCHED):
                    continue
                if os.path.lexists(link):
                    os.remove(link)
                os.symlink(os.path.join(folder, name), link)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
