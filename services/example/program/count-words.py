#!/usr/bin/python3
"""Counts the words of a text: {"text": "..."} is answered with {"words": N}."""

from atoll_service import Service

service = Service()
settings = {}
counted = 0

for message in service.messages():
    if message["type"] == "desired":
        settings = message["settings"]
        service.say("applied", revision=message["revision"])
        service.say("health", state="ok")
        service.say("status", text=f"{counted} texts counted")
    elif message["type"] == "job":
        job = message["job"]
        text = (message["input"] or {}).get("text")
        if not isinstance(text, str):
            service.say("result", job=job, ok=False, reason="give it a text: {\"text\": \"...\"}")
        elif len(text) > settings.get("longest", 10000):
            service.say("result", job=job, ok=False, reason="the text is too long")
        else:
            words = len([word for word in text.split() if word not in settings.get("ignored", [])])
            counted += 1
            row = {"key": str(counted), "cells": {"text": text[:80], "words": words}}
            service.say("rows", table="counted", rows=[row])
            service.say("status", text=f"{counted} texts counted")
            service.say("result", job=job, ok=True, output={"words": words})
