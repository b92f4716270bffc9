"""clamd as a child process: its whole configuration, its start and end, and one question."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import time

import limits

CLAMD = "/usr/sbin/clamd"

# Every limit and every switch that decides what is looked at is said here: none is left to a default. What exceeds a limit, or
# is encrypted, is an alert and not OK. Nothing is cached: clamd's own cache goes by MD5.
CONFIG = """
LocalSocket {folder}/clamd.sock
LocalSocketMode 600
FixStaleSocket yes
DatabaseDirectory {signatures}
TemporaryDirectory {folder}
Foreground yes
LogSyslog no
LogTime no
OfficialDatabaseOnly no
DisableCertCheck yes
SelfCheck 0
ConcurrentDatabaseReload no
ExitOnOOM yes
DisableCache yes
MaxThreads 2
MaxQueue 32
MaxConnectionQueueLength 32
ReadTimeout {clamd_s}
CommandReadTimeout 10
SendBufTimeout 1000
IdleTimeout 30
AllowAllMatchScan no
CrossFilesystems no
FollowDirectorySymlinks no
FollowFileSymlinks no
MaxDirectoryRecursion 1
Bytecode yes
BytecodeSecurity TrustSigned
BytecodeUnsigned no
BytecodeTimeout 10000
DetectPUA no
HeuristicAlerts yes
HeuristicScanPrecedence no
AlertExceedsMax yes
AlertEncrypted yes
AlertEncryptedArchive yes
AlertEncryptedDoc yes
AlertBrokenExecutables no
AlertBrokenMedia no
AlertOLE2Macros no
AlertPartitionIntersection yes
AlertPhishingCloak no
AlertPhishingSSLMismatch no
PhishingSignatures yes
PhishingScanURLs no
StructuredDataDetection no
ScanArchive yes
ScanELF yes
ScanHTML yes
ScanHWP3 yes
ScanImage yes
ScanImageFuzzyHash yes
ScanMail yes
ScanOLE2 yes
ScanOneNote yes
ScanPDF yes
ScanPE yes
ScanPartialMessages no
ScanSWF yes
ScanXMLDOCS yes
ForceToDisk no
LeaveTemporaryFiles no
MaxScanTime {clamd_ms}
MaxScanSize {scan_bytes}
MaxFileSize {file_bytes}
MaxRecursion {depth}
MaxFiles {files}
MaxEmbeddedPE {file_bytes}
MaxHTMLNormalize {file_bytes}
MaxHTMLNoTags {file_bytes}
MaxScriptNormalize {file_bytes}
MaxZipTypeRcg {file_bytes}
MaxPartitions 50
MaxIconsPE 100
MaxRecHWP3 16
PCREMatchLimit 100000
PCRERecMatchLimit 2000
PCREMaxFileSize {file_bytes}
StreamMaxLength {file_bytes}
"""


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    """However this program ends, clamd does."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Clamd:
    def __init__(self, folder, signatures, command=CLAMD):
        self._folder = folder
        self._socket = os.path.join(folder, "clamd.sock")
        self._log = os.path.join(folder, "clamd.log")
        config = os.path.join(folder, "clamd.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                CONFIG.format(
                    folder=folder,
                    signatures=signatures,
                    clamd_s=limits.CLAMD_S,
                    clamd_ms=limits.CLAMD_S * 1000,
                    scan_bytes=limits.SCAN_BYTES,
                    file_bytes=limits.FILE_BYTES,
                    depth=limits.DEPTH + 1,
                    files=limits.FILES,
                )
            )
        with open(self._log, "wb") as log:
            self._child = subprocess.Popen(
                [command, f"--config-file={config}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )

    def ended(self):
        """Waits for its end; says how it came, and what it said at last."""
        code = self._child.wait()
        how = f"clamd was ended by signal {-code}" if code < 0 else f"clamd ended with {code}"
        with open(self._log, encoding="utf-8", errors="replace") as log:
            errors = [line.strip().split("rror: ", 1)[1] for line in log if "rror: " in line]
        # Folders of this VM say nothing to who reads it.
        return f"{how}: {re.sub(r'/[^ ]*/', '', '; '.join(errors))[:300]}" if errors else how

    def end(self):
        self._child.kill()
        self._child.wait()

    def is_up(self):
        return self._child.poll() is None

    def until_ready(self):
        """Returns its version, as clamd says it. Raises OSError where it ends before."""
        while self.is_up():
            try:
                return self.ask("VERSION", 10)
            except OSError:
                time.sleep(0.05)
        raise OSError(self.ended())

    def scan(self, path):
        """(signature or None, reason or None): what it says of a file. Neither: it found nothing."""
        answer = self.ask(f"SCAN {path}", limits.CLAMD_S + 10)
        said = answer.removeprefix(f"{path}: ")
        if said == "OK":
            return None, None
        if said.endswith(" FOUND"):
            return said.removesuffix(" FOUND"), None
        return None, said.removesuffix(" ERROR") or "clamd said nothing"

    def ask(self, command, within_s):
        """One line of an answer. Raises OSError."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(within_s)
            line.connect(self._socket)
            line.sendall(f"z{command}\0".encode())
            answer = b""
            while not answer.endswith(b"\0"):
                part = line.recv(4096)
                if not part or len(answer) > 8192:
                    break
                answer += part
        return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
