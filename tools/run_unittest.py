"""Runs one file of Python unittests and writes its counts to the file named by TEST_COUNTS.

A skipped test counts as a failure here: it has shown nothing.
"""

import importlib.util
import json
import os
import pathlib
import sys
import unittest


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(module))
    bad = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    # A failing setUpClass is an error without a test having run: never count below zero.
    passed = max(0, result.testsRun - bad)
    counts = {"passed": passed, "failed": bad}
    if os.environ.get("TEST_COUNTS"):
        pathlib.Path(os.environ["TEST_COUNTS"]).write_text(json.dumps(counts))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
