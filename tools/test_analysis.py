"""Which files clang-tidy is run on, and how lines that tests execute are counted."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import check_tidy
import coverage


class CheckTidy(unittest.TestCase):
    COMPILED = {"src/a/early.cc": '#include "a/x.h"\n', "src/a/x.cc": '#include "a/x.h"\n', "src/a/x_test.cc": '#include "a/x.h"\n#include "a/t.h"\n',
                "src/b/y.cc": '#include "a/only.h"\n'}

    def test_a_source_is_checked_itself_and_a_header_through_a_source_that_includes_it(self):
        for changed, expected in ((["src/a/x.cc"], ["src/a/x.cc"]), (["src/a/x.h"], ["src/a/x.cc"]),
                                  (["src/a/t.h"], ["src/a/x_test.cc"]), (["src/a/only.h"], ["src/b/y.cc"]),
                                  (["src/a/unused.h", "README.md", "bench/not_compiled.cc"], []),
                                  (["src/a/x.h", "src/a/x.cc", "src/b/y.cc"], ["src/a/x.cc", "src/b/y.cc"])):
            with self.subTest(changed):
                self.assertEqual(check_tidy.sources_of(set(changed), self.COMPILED), expected)

    def test_what_has_changed_includes_new_files_and_leaves_out_deleted_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)

            def git(*arguments):
                subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=root, check=True)
            git("init", "-q")
            for name in ("same.cc", "changed.cc", "gone.cc"):
                (root / name).write_text("int f();\n")
            git("add", "-A")
            git("commit", "-qm", "first")
            (root / "changed.cc").write_text("int g();\n")
            (root / "gone.cc").unlink()
            (root / "new.cc").write_text("int h();\n")
            self.assertEqual(check_tidy.changed_files(root, "HEAD"), {"changed.cc", "new.cc"})
            # A commit that does not exist here: everything is checked.
            self.assertIsNone(check_tidy.changed_files(root, "0" * 40))

    def test_only_written_sources_are_checked_and_their_standard_is_spelled_for_clang_14(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = [root / "src" / "a.cc", root / "build" / "made.cc"]
            for file in files:
                file.parent.mkdir()
                file.write_text("int f();\n")
            entries = [{"file": str(file), "command": f"c++ -std=c++23 {file}"} for file in files]
            self.assertEqual(check_tidy.compiled_sources(root, entries), {"src/a.cc": "int f();\n"})
            check_tidy.write_database(entries, root / "tidy")
            self.assertIn("-std=c++2b ", (root / "tidy" / "compile_commands.json").read_text())

    def test_sources_that_are_compiled_together_are_checked_one_by_one(self):
        with tempfile.TemporaryDirectory() as folder:
            together = pathlib.Path(folder) / "Unity" / "unity_0_cxx.cxx"
            together.parent.mkdir()
            together.write_text('/* generated */\n\n#include "/s/a_test.cc"\n\n#include "/s/b_test.cc"\n')
            entries = [{"file": str(together), "command": f"c++ -c {together}"}, {"file": "/s/c.cc", "command": "c++"}]
            self.assertEqual([(each["file"], each["command"]) for each in check_tidy.single_entries(entries)],
                             [("/s/a_test.cc", "c++ -c /s/a_test.cc"), ("/s/b_test.cc", "c++ -c /s/b_test.cc"),
                              ("/s/c.cc", "c++")])


class Coverage(unittest.TestCase):
    def test_lines_are_summed_by_folder_and_the_whole_stands_last(self):
        def file(name, *counts):
            return {"file": name, "lines": [{"count": count, "gcovr/noncode": False} for count in counts]}
        noise = {"file": "src/a/z.cc", "lines": [{"count": 0, "gcovr/noncode": True}]}
        folders = coverage.by_folder({"files": [file("src/a/x.cc", 3, 0), file("src/a/n/y.cc", 1, 1), noise,
                                                file("src/b/x.cc", 0, 0), file("tests/x.cc", 1)]})
        self.assertEqual(folders, {"a": (3, 4), "b": (0, 2)})
        self.assertEqual([line.split()[:2] for line in coverage.table(folders)],
                         [["a", "75.0"], ["b", "0.0"], ["all", "50.0"]])


if __name__ == "__main__":
    unittest.main()
