"""Writes the pages of a document as sizes and pixels.

The number of pages, then of each page its width, its height and its pixels. Numbers have two bytes, the high one first; a pixel is
red, green and blue, a byte each. That is all that leaves this VM, beside the exit code, which says why there are no pages.
"""

import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

# Exit codes, as main/safe-copies/renderer.ts has them.
UNKNOWN_TYPE = 10
BROKEN = 11
LOCKED = 12
TOO_MANY_PAGES = 13
NO_OFFICE = 14
TOO_SLOW = 15
TOO_LARGE = 16

# As agents/pages takes them.
DPI = 150
MAX_PAGES = 2000
MAX_SIDE = 10_000
# Of one page: this VM has 512 MiB, and a decoder may have several copies. Larger pages get fewer pixels.
MAX_PIXELS = 24_000_000
# Of an image as it is decoded, before it is made smaller: 192 MB. Of a JPEG a part of it is decoded.
MAX_IMAGE_PIXELS = 48_000_000
# Rows of an image that are written at a time.
STRIP = 256
# Looking at the whole of a document, and converting it. The host has a limit of its own for each page.
WHOLE_S = 300

# Of a list of an OpenDocument's files.
MANIFEST_BYTES = 1 << 20

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

OFFICE = shutil.which("soffice")


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def run(*command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WHOLE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(TOO_SLOW) from error


def page_sizes(file):
    """Width and height of each page, in points."""
    # There are sizes of no more pages than there are.
    done = run("pdfinfo", "-f", "1", "-l", str(MAX_PAGES + 1), file)
    if done.returncode != 0:
        raise Refused(LOCKED if b"Incorrect password" in done.stderr else BROKEN)
    sizes, turned = {}, {}
    for line in done.stdout.decode(errors="replace").splitlines():
        words = line.split()
        if len(words) >= 6 and words[0] == "Page" and words[2] == "size:":
            sizes[words[1]] = (float(words[3]), float(words[5]))
        elif len(words) >= 4 and words[0] == "Page" and words[2] == "rot:":
            turned[words[1]] = words[3] in ("90", "270")
    if not sizes:
        raise Refused(BROKEN)
    if len(sizes) > MAX_PAGES:
        raise Refused(TOO_MANY_PAGES)
    return [(high, wide) if turned.get(page) else (wide, high) for page, (wide, high) in sizes.items()]


def resolution(sizes):
    """The usual one, or the highest with which the largest page is taken."""
    dpi = float(DPI)
    for wide, high in sizes:
        wide, high = max(wide, 1) / 72, max(high, 1) / 72
        dpi = min(dpi, (MAX_SIDE - 1) / max(wide, high), (MAX_PIXELS / (wide * high)) ** 0.5)
    return dpi


def header(stream):
    """Width and height of the next picture of a stream of PPM."""
    numbers = []
    if stream.readline().strip() != b"P6":
        raise Refused(BROKEN)
    while len(numbers) < 3:
        line = stream.readline()
        if not line:
            raise Refused(BROKEN)
        numbers += [int(word) for word in line.split(b"#")[0].split()]
    return numbers[0], numbers[1]


def write_pdf(file, out):
    sizes = page_sizes(file)
    out.write(struct.pack(">H", len(sizes)))
    command = ["pdftoppm", "-r", str(resolution(sizes)), file]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as renderer:
        for _ in sizes:
            width, height = header(renderer.stdout)
            out.write(struct.pack(">HH", width, height))
            left = width * height * 3
            while left > 0:
                part = renderer.stdout.read(min(left, 1 << 18))
                if not part:
                    raise Refused(BROKEN)
                out.write(part)
                left -= len(part)


def write_image(file, out):
    """Returns whether it is one."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(file)
    except (UnidentifiedImageError, OSError):
        return False
    pages = getattr(image, "n_frames", 1)
    if pages > MAX_PAGES:
        raise Refused(TOO_MANY_PAGES)
    out.write(struct.pack(">H", pages))
    try:
        for page in range(pages):
            image.seek(page)
            write_frame(image, out)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused(BROKEN) from error
    return True


def fitting(width, height):
    """The size of an image that is written."""
    scale = min(1, MAX_SIDE / max(width, height), (MAX_PIXELS / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def write_frame(image, out):
    from PIL import Image

    flip = Image.Transpose
    turns = [
        *(None, flip.FLIP_LEFT_RIGHT, flip.ROTATE_180, flip.FLIP_TOP_BOTTOM),
        *(flip.TRANSPOSE, flip.ROTATE_270, flip.TRANSVERSE, flip.ROTATE_90),
    ]
    orientation = image.getexif().get(0x0112, 1)
    image.draft("RGB", fitting(*image.size))
    if image.width * image.height > MAX_IMAGE_PIXELS:
        raise Refused(TOO_LARGE)
    size = fitting(*image.size)
    shown = image if size == image.size else image.resize(size)
    if orientation in range(2, 9):
        shown = shown.transpose(turns[orientation - 1])
    out.write(struct.pack(">HH", *shown.size))
    # There is no memory for another copy of a large one.
    for top in range(0, shown.height, STRIP):
        strip = shown.crop((0, top, shown.width, min(top + STRIP, shown.height))).convert("RGBA")
        plain = Image.new("RGB", strip.size, "white")
        plain.paste(strip, mask=strip.getchannel("A"))
        out.write(plain.tobytes())


def is_packed_office(file):
    """Whether a zip archive is an office document, and none of the others."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            # Of OpenDocument; one of Microsoft's with a password is no zip archive.
            if "META-INF/manifest.xml" in names:
                with archive.open("META-INF/manifest.xml") as manifest:
                    if b"encryption-data" in manifest.read(MANIFEST_BYTES):
                        raise Refused(LOCKED)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(BROKEN) from error
    return "[Content_Types].xml" in names or "META-INF/manifest.xml" in names


def is_locked_office(file):
    """Whether a compound file of Microsoft's is a document behind a password: it has a stream of that name."""
    with open(file, "rb") as document, mmap.mmap(document.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find("EncryptedPackage".encode("utf-16-le")) >= 0


def write_office(file, out):
    if OFFICE is None:
        raise Refused(NO_OFFICE)
    with tempfile.TemporaryDirectory() as folder:
        done = run(OFFICE, "--headless", "--convert-to", "pdf", "--outdir", folder, file)
        made = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pdf")]
        if done.returncode != 0 or len(made) != 1:
            raise Refused(BROKEN)
        write_pdf(made[0], out)


def write(file, out):
    with open(file, "rb") as document:
        start = document.read(1024)
    # The type by content: the name is not told here.
    if b"%PDF-" in start:
        write_pdf(file, out)
    elif start.startswith(COMPOUND):
        if is_locked_office(file):
            raise Refused(LOCKED)
        write_office(file, out)
    elif start.startswith(b"{\\rtf") or (start.startswith(ZIP) and is_packed_office(file)):
        write_office(file, out)
    elif start.startswith(ZIP):
        raise Refused(UNKNOWN_TYPE)
    elif not write_image(file, out):
        raise Refused(UNKNOWN_TYPE)
    out.flush()
