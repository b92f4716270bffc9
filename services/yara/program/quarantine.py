"""Files that are kept apart, on this VM's disk: each in a folder of its own, whose name Atoll has chosen. Atoll knows what they are.

Copy this file into a scanner of your own that shall keep what it has found; its table is named `quarantine`.
"""

import os
import shutil

# The same in main/scanning/quarantine.ts.
FOLDER = "/home/user/kept/quarantine"
MIB = 1024 * 1024
# Of all files together, and how many.
MOST_BYTES = 256 * MIB
MOST_FILES = 500
# What stays free on the disk.
LEAST_FREE = 64 * MIB
KEY_LENGTH = 32


class Quarantine:
    def __init__(self, folder=FOLDER):
        self._folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for name in os.listdir(folder):
            # What a crash has left in the middle.
            if not is_key(name) or not files_of(os.path.join(folder, name)):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)

    def rows(self):
        """Of the table: one for each file."""
        return [self.row(key) for key in sorted(os.listdir(self._folder)) if is_key(key)]

    def row(self, key):
        return {"key": key, "cells": {"key": key, "bytes": self._bytes(key)}}

    def keep(self, path, key, name):
        """Whether a copy of that file is on the disk now, safe from a sudden end."""
        if not is_key(key) or not is_name(name):
            return False
        keys = os.listdir(self._folder)
        size = os.path.getsize(path)
        disk = os.statvfs(self._folder)
        if (
            len(keys) >= MOST_FILES
            or size + sum(map(self._bytes, keys)) > MOST_BYTES
            or size + LEAST_FREE > disk.f_bavail * disk.f_frsize
        ):
            return False
        place, partial = os.path.join(self._folder, key), os.path.join(self._folder, f"{key}.partial")
        try:
            os.mkdir(partial, 0o700)
            with open(path, "rb") as source, open(os.path.join(partial, name), "xb") as copy:
                os.fchmod(copy.fileno(), 0o400)
                shutil.copyfileobj(source, copy, MIB)
                copy.flush()
                os.fsync(copy.fileno())
            sync(partial)
            os.rename(partial, place)
            sync(self._folder)
        except OSError:
            shutil.rmtree(partial, ignore_errors=True)
            return False
        return True

    def adopt(self, folder):
        """Takes over what another VM of this service has kept: KEY/NAME in that folder of this disk."""
        for key in os.listdir(folder) if os.path.isdir(folder) else ():
            source, place = os.path.join(folder, key), os.path.join(self._folder, key)
            if is_key(key) and os.path.isdir(source) and files_of(source) and not os.path.lexists(place):
                for file in files_of(source):
                    os.chmod(file, 0o400)
                os.rename(source, place)
        shutil.rmtree(folder, ignore_errors=True)
        sync(self._folder)

    def drop(self, keys):
        for key in keys:
            if is_key(key):
                shutil.rmtree(os.path.join(self._folder, key), ignore_errors=True)
        sync(self._folder)

    def _bytes(self, key):
        return sum(map(os.path.getsize, files_of(os.path.join(self._folder, key))))


def is_key(key):
    return isinstance(key, str) and len(key) == KEY_LENGTH and key.isascii() and key.isalnum()


def is_name(name):
    return isinstance(name, str) and name not in ("", ".", "..") and "/" not in name and "\0" not in name


def files_of(folder):
    return [os.path.join(folder, name) for name in os.listdir(folder)]


def sync(folder):
    """What was made, renamed or removed in it is on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
