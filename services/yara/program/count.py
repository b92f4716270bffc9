#!/usr/bin/python3
"""Counts what is in a file, member by member: whether the engine can have looked at every byte of it.

A program of its own, so that a file that makes it crash, hang or grow ends it and nothing else. It prints one line: "" where
all is within the limits, else the reason why not.
"""

import bz2
import gzip
import io
import lzma
import os
import resource
import sys
import tarfile
import zipfile
import zlib

import limits

# Of unpacked archives in archives, which are kept in memory, and of all that this program needs.
MEMORY = 2 * limits.FILE_BYTES + 64 * limits.MIB
PIECE = 256 * 1024
# As far as the magics reach.
HEAD = 0x8006

# Ways of packing that clamd unpacks.
ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}

# Archives by their first bytes, and where these are. What cannot be counted here is not called clean.
UNCOUNTED = [
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"\x04\x22\x4d\x18", "LZ4"),
    (0, b"LZIP", "lzip"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"\x1f\xa0", "compress"),
    (0, b"MSCF", "cabinet"),
    (0, b"ISc(", "InstallShield"),
    (0, b"\x60\xea", "ARJ"),
    (0, b"xar!", "xar"),
    (0, b"!<arch>\n", "ar"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"070707", "cpio"),
    (0, b"\xc7\x71", "cpio"),
    (0, b"hsqs", "squashfs"),
    (0, b"QFI\xfb", "qcow2"),
    (0, b"conectix", "VHD"),
    (0, b"KDMV", "VMDK"),
    (7, b"**ACE**", "ACE"),
    (2, b"-lh", "LHA"),
    (0x8001, b"CD001", "ISO 9660"),
]


# Those that are unpacked here.
COUNTED = [(0, b"\x1f\x8b"), (0, b"BZh"), (0, b"\xfd7zXZ\0"), (257, b"ustar"), (0, b"PK\x03\x04"), (0, b"PK\x05\x06")]
ZIP_END = b"PK\x05\x06"
# A zip archive may begin anywhere; its end is in the last bytes.
ZIP_TAIL = 22 + 0xFFFF


def has_members(path):
    """Whether there may be files in this one: a look at its beginning and its end."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, os.path.getsize(path) - ZIP_TAIL))
        kinds = [(offset, magic) for offset, magic, _ in UNCOUNTED] + COUNTED
        return ZIP_END in file.read() or any(head[at : at + len(magic)] == magic for at, magic in kinds)


class NotCounted(Exception):
    """With the reason."""


class Counter:
    def __init__(self):
        self.files = 0
        self.bytes = 0

    def look(self, file, depth):
        """At an opened file, which can be sought in; what is in it is looked at too."""
        self.files += 1
        if self.files > limits.FILES:
            raise NotCounted(f"there are more than {limits.FILES} files in it")
        if depth > limits.DEPTH:
            raise NotCounted(f"there are more than {limits.DEPTH} archives in archives")
        head = file.read(HEAD)
        file.seek(0)
        for offset, magic, name in UNCOUNTED:
            if head[offset : offset + len(magic)] == magic:
                raise NotCounted(f"an archive of this kind ({name}) cannot be counted")
        if head[:2] == b"\x1f\x8b":
            self.member(gzip.GzipFile(fileobj=file), depth)
        elif head[:3] == b"BZh":
            self.member(bz2.BZ2File(file), depth)
        elif head[:6] == b"\xfd7zXZ\0":
            self.member(lzma.LZMAFile(file), depth)
        elif head[257:262] == b"ustar":
            self.tar(file, depth)
        elif head[:4] == b"PK\x03\x04" or zipfile.is_zipfile(file):
            file.seek(0)
            self.zip(file, depth)

    def tar(self, file, depth):
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for entry in archive:
                if entry.isreg():
                    self.member(archive.extractfile(entry), depth)

    def zip(self, file, depth):
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > limits.FILES:
                raise NotCounted(f"there are more than {limits.FILES} files in it")
            for entry in entries:
                if entry.flag_bits & 0x41:
                    raise NotCounted("a file in it is encrypted")
                if entry.compress_type not in ZIP_METHODS:
                    raise NotCounted("a file in it is packed in a way that the engine does not open")
                with archive.open(entry) as member:
                    self.member(member, depth)

    def member(self, source, depth):
        """Unpacks it; the sizes that an archive says are not believed."""
        content = io.BytesIO()
        while piece := source.read(PIECE):
            self.bytes += len(piece)
            if self.bytes > limits.SCAN_BYTES:
                raise NotCounted(f"more than {limits.SCAN_BYTES // limits.MIB} MiB are in it")
            content.write(piece)
            if content.tell() > limits.FILE_BYTES:
                raise NotCounted(f"a file in it has more than {limits.FILE_BYTES // limits.MIB} MiB")
        content.seek(0)
        self.look(content, depth + 1)


# What a broken or a hostile archive makes of the library.
BROKEN = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError)
BROKEN += (NotImplementedError, RuntimeError, ArithmeticError, LookupError, TypeError)


def count(path):
    return reason_of(Counter(), path)


def reason_of(counter, path):
    """The reason why not all of it can have been looked at; "" where it can."""
    counter.bytes = os.path.getsize(path)
    if counter.bytes > limits.FILE_BYTES:
        return f"it has more than {limits.FILE_BYTES // limits.MIB} MiB"
    try:
        with open(path, "rb") as file:
            counter.look(file, 0)
    except NotCounted as reason:
        return str(reason)
    except MemoryError:
        return "it needs too much memory"
    except BROKEN:
        return "an archive in it is broken"
    return ""


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.COUNT_S, limits.COUNT_S))
    print(count(sys.argv[1]))
