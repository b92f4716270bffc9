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
import re
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
# Those whose programs look for them behind something else too: a self-extracting archive begins as a program does. With what follows
# the magic, as programs that know an archive when they see one have it in their text. The magic alone is found many times faster.
ANYWHERE = [
    (b"Rar!\x1a\x07\x00", re.compile(rb".{7}..\x73", re.DOTALL), "RAR"),
    (
        b"Rar!\x1a\x07\x01\x00",
        re.compile(rb".{8}.{4}[\x80-\xff]{0,3}[\x00-\x7f](?:[\x01\x04]|[\x81\x84]\x80{0,8}\x00)", re.DOTALL),
        "RAR",
    ),
    (b"7z\xbc\xaf\x27\x1c\x00", re.compile(rb".{7}[\x00-\x09]", re.DOTALL), "7z"),
    (b"MSCF", re.compile(rb".{4}(?:\x00{4}|.{21}\x01)", re.DOTALL), "cabinet"),
]
# As far as they reach.
MOST_ANYWHERE = 32

# Those that are unpacked here.
COUNTED = [(0, b"\x1f\x8b"), (0, b"BZh"), (0, b"\xfd7zXZ\0"), (257, b"ustar"), (0, b"PK\x03\x04"), (0, b"PK\x05\x06")]
ZIP_LOCAL = b"PK\x03\x04"
ZIP_LOCAL_BYTES = 30
ZIP_LOCAL_ANYWHERE = [(ZIP_LOCAL, re.compile(b""), "zip")]
ZIP_END = b"PK\x05\x06"
ZIP_END_BYTES = 22
# A zip archive may begin anywhere; its end is in the last bytes.
ZIP_TAIL = ZIP_END_BYTES + 0xFFFF


def has_members(path):
    """Whether there may be files in this one."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
        kinds = [(offset, magic) for offset, magic, _ in UNCOUNTED] + COUNTED
        if is_tar(head) or any(head[at : at + len(magic)] == magic for at, magic in kinds):
            return True
        return ZIP_END in tail_of(file) or kind_inside(file) is not None


def is_tar(head):
    """By its checksum: one of the first kind has no magic."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return head[257:262] == b"ustar"
    return True


def tail_of(file):
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - ZIP_TAIL))
    return file.read()


def kind_inside(file):
    """The archive of ANYWHERE that is somewhere in it; None where there is none."""
    return first_of(ANYWHERE, file, 0, sys.maxsize)


def first_of(forms, file, start, end):
    """The name of one that is between the two places; None where there is none."""
    file.seek(start)
    before, left = b"", end - start
    while piece := file.read(min(PIECE, left)):
        left -= len(piece)
        data = before + piece
        for magic, form, name in forms:
            at = data.find(magic)
            while at >= 0:
                if form.match(data, at):
                    return name
                at = data.find(magic, at + 1)
        before = piece[-MOST_ANYWHERE:]
    return None


def is_empty(file, start):
    """Whether nothing but zeros follows."""
    file.seek(start)
    while piece := file.read(PIECE):
        if piece.strip(b"\0"):
            return False
    return True


def pieces_of(source):
    return iter(lambda: source.read(PIECE), b"")


def unpacked(file, begin):
    """Of one stream, or several one behind the other. Python's own files leave out what follows a stream and is none: here it is
    broken. Zeros may follow."""
    stream = begin()
    while True:
        data = b""
        if stream.eof:
            data = stream.unused_data.lstrip(b"\0")
            while not data:
                if not (piece := file.read(PIECE)):
                    return
                data = piece.lstrip(b"\0")
            stream = begin()
        elif stream.needs_input and not (data := file.read(PIECE)):
            raise EOFError
        yield stream.decompress(data, PIECE)


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
        if name := kind_inside(file):
            raise NotCounted(f"an archive of this kind ({name}) cannot be counted")
        file.seek(0)
        if head[:2] == b"\x1f\x8b":
            self.member(pieces_of(gzip.GzipFile(fileobj=file)), depth)
        elif head[:3] == b"BZh":
            self.member(unpacked(file, bz2.BZ2Decompressor), depth)
        elif head[:6] == b"\xfd7zXZ\0":
            self.member(unpacked(file, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)), depth)
        elif is_tar(head):
            self.tar(file, depth)
        elif head[:4] == ZIP_LOCAL or zipfile.is_zipfile(file):
            file.seek(0)
            self.zip(file, depth)

    def tar(self, file, depth):
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for entry in archive:
                # One of an unknown type is a file.
                if entry.isreg() or entry.type not in tarfile.SUPPORTED_TYPES:
                    self.member(pieces_of(archive.extractfile(entry)), depth)
            end = archive.offset
        # Python ends at an empty header, or a bad one. Others go on.
        if not is_empty(file, end):
            raise NotCounted("something follows an archive in it")

    def zip(self, file, depth):
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > limits.FILES:
                raise NotCounted(f"there are more than {limits.FILES} files in it")
            look_for_unlisted(file, entries, archive.start_dir)
            for entry in entries:
                if entry.flag_bits & 0x41:
                    raise NotCounted("a file in it is encrypted")
                if entry.compress_type not in ZIP_METHODS:
                    raise NotCounted("a file in it is packed in a way that the engine does not open")
                with archive.open(entry) as member:
                    self.member(pieces_of(member), depth)

    def member(self, pieces, depth):
        """Unpacks it; the sizes that an archive says are not believed."""
        content = io.BytesIO()
        for piece in pieces:
            self.bytes += len(piece)
            if self.bytes > limits.SCAN_BYTES:
                raise NotCounted(f"more than {limits.SCAN_BYTES // limits.MIB} MiB are in it")
            content.write(piece)
            if content.tell() > limits.FILE_BYTES:
                raise NotCounted(f"a file in it has more than {limits.FILE_BYTES // limits.MIB} MiB")
        content.seek(0)
        self.look(content, depth + 1)


def look_for_unlisted(file, entries, list_start):
    """Files that a zip archive's list does not name, before, between and behind those that it names: some programs go by what is
    there, and not by the list."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        start = entry.header_offset
        if start < end:
            raise NotCounted("files in it overlap")
        refuse_unlisted(file, end, start)
        file.seek(start)
        local = file.read(ZIP_LOCAL_BYTES)
        if len(local) < ZIP_LOCAL_BYTES:
            raise zipfile.BadZipFile
        end = start + ZIP_LOCAL_BYTES + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        end += entry.compress_size
    refuse_unlisted(file, end, list_start)
    tail = tail_of(file)
    size = file.tell()
    # As zipfile finds it.
    at = len(tail) - ZIP_END_BYTES
    if tail[at : at + 4] != ZIP_END or tail[-2:] != b"\0\0":
        at = tail.rfind(ZIP_END)
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    if not is_empty(file, size - len(tail) + at + ZIP_END_BYTES + comment):
        raise NotCounted("something follows an archive in it")


def refuse_unlisted(file, start, end):
    if start < end and first_of(ZIP_LOCAL_ANYWHERE, file, start, end):
        raise NotCounted("there are files in it that its list does not name")


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
