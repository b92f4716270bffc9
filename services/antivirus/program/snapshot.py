"""The memory that later starts of this service go on from. Copy this file into a service of your own with `inSnapshot`."""

import os
import socket
import stat


def ready():
    """What was loaded is in that memory. Comes back in each VM that goes on from it; where the VM has booted to be used, at once."""
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        return
    with socket.socket(fileno=os.dup(0)) as init:
        init.sendall(b"1")
        init.recv(1)
