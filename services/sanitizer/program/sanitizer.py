#!/usr/bin/python3
"""`sanitizer.py render FILE` writes the pages of a document to standard output; Atoll runs it when the document is there.

Without words it is the program of the service, and says that this VM is ready for a document.
"""

import sys

import pages
from atoll_service import Service


def serve():
    service = Service()
    for message in service.messages():
        if message["type"] == "desired":
            service.say("applied", revision=message["revision"])
            service.say("health", state="ok")
            service.say("status", text="waits for a document")
        elif message["type"] == "job":
            service.say("result", job=message["job"], ok=False, reason="there are no jobs for it")


def render(file):
    try:
        pages.write(file, sys.stdout.buffer)
    except pages.Refused as refused:
        sys.exit(refused.code)


if sys.argv[1:2] == ["render"]:
    render(sys.argv[2])
else:
    serve()
