"""What is looked at of one file. Beyond any of these it is not clean but not scanned: clamd would say OK of what it skipped."""

MIB = 1024 * 1024

# The file itself, and each one in it.
FILE_BYTES = 64 * MIB
# All that is unpacked of one file, itself counted.
SCAN_BYTES = 192 * MIB
# Archives in archives; files in all of them.
DEPTH = 12
FILES = 5_000
# Seconds for one file: of clamd, of our own count, and of both with what is around them.
CLAMD_S = 60
COUNT_S = 60
