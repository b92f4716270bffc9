#!/usr/bin/python3
"""The program of the service VM `signatures`: looks for new databases when it starts, when its settings change, and every few hours."""

import os
import threading

from atoll_service import Service
from databases import Refused, age_of, look, publish

WORK = "/home/user/signatures"
HOUR_S = 3600
# After a look that failed.
AGAIN_S = 1800


class Fetcher:
    def __init__(self, service):
        self.service = service
        self.lock = threading.Lock()
        self.due = threading.Condition()
        self.settings = None
        self.is_due = False

    def say(self, kind, **fields):
        with self.lock:
            self.service.say(kind, **fields)

    def run(self):
        os.makedirs(WORK, mode=0o700, exist_ok=True)
        threading.Thread(target=self.look_again, daemon=True).start()
        for message in self.service.messages():
            if message["type"] == "desired":
                with self.due:
                    self.is_due = self.is_due or self.settings != message["settings"]
                    self.settings = message["settings"]
                    self.due.notify()
                self.say("applied", revision=message["revision"])
                self.say("health", state="ok")
            elif message["type"] == "job":
                self.say("result", job=message["job"], ok=False, reason="there is no such job")

    def look_again(self):
        wait_s = None
        while True:
            with self.due:
                self.due.wait_for(lambda: self.is_due, wait_s)
                self.is_due, settings = False, self.settings
            wait_s = settings["everyHours"] * HOUR_S if self.fetch(settings) else AGAIN_S

    def fetch(self, settings):
        """Whether what there is now was there to be had."""
        names, problem = sorted(set(settings["databases"])), ""
        self.say("status", text="looks for new signatures")
        try:
            look(WORK, settings["mirror"].strip(), names)
        except (Refused, OSError) as error:
            problem = str(error)
            self.say("log", level="error", text=f"new signatures were not taken: {problem}"[:900])
        try:
            published = publish(WORK, names)
        except (OSError, ValueError, IndexError) as error:
            published, problem = None, f"what was fetched cannot be read: {error}"
        self.tell(published, problem)
        return problem == ""

    def tell(self, published, problem):
        key, databases, count, size, made = published or ("", "", 0, 0, 0)
        age = age_of(made) if published else 0
        cells = {"set": key, "databases": databases, "count": count, "bytes": size, "ageS": age, "problem": problem[:300]}
        self.say("rows", table="sets", reset=True, rows=[{"key": "current", "cells": cells}])
        days = age // 86_400
        have = f"{count} signatures, {days} {'day' if days == 1 else 'days'} old" if published else "no signatures yet"
        self.say("status", text=f"{have}; the last look failed: {problem}"[:200] if problem else have)


if __name__ == "__main__":
    Fetcher(Service()).run()
