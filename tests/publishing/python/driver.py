"""Carries out the test's commands with the page's publish.py (README.md)."""

import sys

from publish import publish

for line in sys.stdin:
    _, title = line.strip().split(" ", 1)
    try:
        print("created" if publish("orion.order.created", {"id": 1, "title": title}) == 1 else "failed", flush=True)
    except OSError as error:
        print(f"failed: {error}", flush=True)
