"""Results on disk: a file per row, written at once, so that an interrupted run can continue.

A later run of the same commit and thoroughness reuses a result. A row that was skipped or failed is measured again, and so
is every row of a tree with uncommitted changes.
"""

import json
import os
import pathlib

DIRTY = "+changes"
MEASURED, SKIPPED, FAILED = "measured", "skipped", "failed"


class Store:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def path(self, row):
        return self.folder / f"{row}.json"

    def load(self, row):
        """The row's last result; None where there is none that can be read."""
        try:
            result = json.loads(self.path(row).read_text())
        except (OSError, ValueError):
            return None
        return result if isinstance(result, dict) and result.get("row") == row else None

    def save(self, result):
        """Whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(result["row"])
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        os.replace(temporary, path)

    def all(self, rows):
        """{row: result} of those that have one."""
        found = ((row, self.load(row)) for row in rows)
        return {row: result for row, result in found if result}


def can_be_taken_over(result, commit, quick):
    return (result is not None and result.get("status") == MEASURED and not commit.endswith(DIRTY)
            and result.get("commit") == commit and result.get("quick") == quick)
