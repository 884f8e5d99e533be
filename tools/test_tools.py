"""Each check fails on a bad example, and lets a good one through."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import check_format
import check_headers
import check_layers
import check_profiles
import check_reliability
import check_style
import check_wire
import cpp_text
import suites

LAYERS = check_layers.LAYERS


def layer_problems(path, text):
    return list(check_layers.include_problems(pathlib.PurePath(path), text, LAYERS))


class CheckLayers(unittest.TestCase):
    def test_an_include_downwards_is_fine(self):
        self.assertEqual(layer_problems("gateway/shard.cc", '#include "base/result.h"\n#include <vector>\n'), [])

    def test_an_include_upwards_is_refused(self):
        [problem] = layer_problems("base/log.cc", '#include "app/main.h"\n')
        self.assertIn("goes up", problem)

    def test_an_include_sideways_is_refused(self):
        [problem] = layer_problems("bus/redis.cc", '  #  include "fanout/event_log.h"\n')
        self.assertIn("goes sideways", problem)

    def test_an_include_of_an_unknown_folder_or_without_a_folder_is_refused(self):
        self.assertEqual(len(layer_problems("bus/redis.cc", '#include "utils/x.h"\n#include "redis.h"\n')), 2)

    def test_a_testing_header_is_for_tests_alone(self):
        line = '#include "reactor/testing/fake_loop.h"\n'
        self.assertEqual(len(layer_problems("bus/redis.cc", line)), 1)
        self.assertEqual(layer_problems("bus/redis_test.cc", line), [])
        self.assertEqual(layer_problems("bus/testing/fake_redis.h", line), [])

    def test_the_engine_includes_no_protocol_and_sockets_include_no_engine(self):
        for path, included in (("fanout/flush.cc", "websocket/frame_writer.h"), ("fanout/lag.cc", "transport/transport.h"),
                               ("client/sockets.h", "fanout/fan_out.h"), ("client/socket.cc", "fanout/fan_out.h"),
                               ("client/tls_clients.cc", "fanout/fan_out.h"), ("client/reader.h", "fanout/fan_out.h"),
                               ("protocol/replies.cc", "fanout/frame.h"), ("protocol/source.cc", "reactor/loop.h"),
                               ("gateway/audiences.h", "gateway/shard.h"), ("gateway/command_dispatcher.cc", "gateway/shard.h"),
                               ("gateway/audiences_test.cc", "gateway/testing/shard_stage.h")):
            with self.subTest(path):
                includes = {path: ["base/result.h", included]}
                self.assertEqual(len(list(check_layers.inner_problems(includes, set()))), 1)
                self.assertEqual(list(check_layers.inner_problems(includes, {(path, included)})), [])
        fine = {"client/clients.cc": ["fanout/fan_out.h"], "gateway/router.cc": ["websocket/frame_writer.h"],
                "gateway/gateway.cc": ["gateway/shard.h"]}
        self.assertEqual(list(check_layers.inner_problems(fine, set())), [])

    def test_an_exception_to_an_inner_rule_that_is_not_needed_any_more_is_refused(self):
        [problem] = check_layers.inner_problems({"fanout/frame.cc": []}, {("fanout/frame.cc", "websocket/deflate.h")})
        self.assertIn("INNER_EXCEPTIONS", problem)

    def test_headers_and_folders_that_include_each_other_in_a_circle_are_refused(self):
        def problems(**includes):
            return list(check_layers.cycle_problems({f"{name.replace('_', '/')}.h": to for name, to in includes.items()}))
        self.assertEqual(problems(a_x=["b/x.h", "c/x.h"], b_x=["c/x.h"], c_x=[]), [])
        self.assertEqual(problems(a_x=["a/y.h"], a_y=["a/z.h"], a_z=["a/y.h"]),
                         ["headers include each other in a circle: a/y.h -> a/z.h -> a/y.h"])
        self.assertEqual(problems(a_x=["b/x.h"], b_y=["c/x.h"], c_y=["a/y.h"]),
                         ["folders include each other in a circle: a -> b -> c -> a"])

    def test_the_table_and_cmake_must_agree(self):
        good = "\n".join(f"carillon_layer({name} {level})" for name, level in LAYERS.items())
        self.assertEqual(list(check_layers.cmake_problems(good, LAYERS)), [])
        self.assertEqual(len(list(check_layers.cmake_problems(good.replace("(bus 3)", "(bus 2)"), LAYERS))), 1)
        self.assertEqual(len(list(check_layers.cmake_problems(good + "\ncarillon_layer(utils 0)", LAYERS))), 1)


class CheckHeaders(unittest.TestCase):
    def run_on(self, files):
        """The complaints of a first and of a second run."""
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src"
            for name, text in files.items():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(text)
            flags = {"base": ["c++", "-std=c++20", "-I", str(source)]}
            cache = pathlib.Path(folder) / "ok.json"
            first = check_headers.check(source, flags, cache)
            remembered = json.loads(cache.read_text())
            return first, check_headers.check(source, flags, cache), remembered

    def test_a_header_that_needs_another_before_it_is_refused_each_time(self):
        first, second, remembered = self.run_on({"base/bad.h": "#pragma once\nstd::string name();\n"})
        self.assertIn("base/bad.h does not compile alone", first[0])
        self.assertEqual(first, second)
        self.assertEqual(remembered, [])

    def test_a_header_that_its_own_source_includes_first_is_left_to_the_build(self):
        bad = "#pragma once\nstd::string name();\n"
        first, _, _ = self.run_on({"base/bad.h": bad, "base/bad.cc": '// why\n#include "base/bad.h"\n#include <string>\n'})
        self.assertEqual(first, [])
        first, _, _ = self.run_on({"base/bad.h": bad, "base/bad.cc": '#include <string>\n#include "base/bad.h"\n'})
        self.assertEqual(len(first), 1)

    def test_a_good_header_is_remembered(self):
        first, second, remembered = self.run_on({"base/good.h": "#pragma once\n#include <string>\nstd::string name();\n"})
        self.assertEqual((first, second, len(remembered)), ([], [], 1))

    def test_the_fingerprint_follows_what_is_included(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            (source / "base").mkdir()
            (source / "base" / "a.h").write_text('#include "base/b.h"\n')
            (source / "base" / "b.h").write_text("int b;\n")
            before = check_headers.fingerprint(source / "base" / "a.h", source, ["c++"])
            (source / "base" / "b.h").write_text("int c;\n")
            self.assertNotEqual(before, check_headers.fingerprint(source / "base" / "a.h", source, ["c++"]))
            self.assertNotEqual(check_headers.fingerprint(source / "base" / "a.h", source, ["c++", "-O2"]),
                                check_headers.fingerprint(source / "base" / "a.h", source, ["c++"]))

    def test_flags_lose_input_output_and_ccache(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src"
            database = pathlib.Path(folder) / "compile_commands.json"
            file = str(source / "base" / "log.cc")
            database.write_text(json.dumps([{"file": file, "command": f"/usr/bin/ccache c++ -DX -o log.o -c {file}"}]))
            self.assertEqual(check_headers.flags_by_folder(database, source), {"base": ["c++", "-DX"]})


class CheckFormat(unittest.TestCase):
    def test_a_file_that_clang_format_would_change_is_refused_and_a_good_one_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            subprocess.run(["git", "init", "-q"], cwd=root, check=True)
            (root / ".gitignore").write_text("built.cc\n")
            (root / ".clang-format").write_text("BasedOnStyle: Google\n")
            for name, text in (("good.cc", "int f();\n"), ("bad.h", "int   f();\n"), ("built.cc", "int   g();\n")):
                (root / name).write_text(text)
            files = check_format.cpp_files(root)
            self.assertEqual(files, ["bad.h", "good.cc"])
            [problem] = check_format.problems(root, files)
            self.assertIn("bad.h", problem)
            self.assertEqual(check_format.problems(root, ["good.cc"]), [])


class CppText(unittest.TestCase):
    def names(self, text):
        return [name for name, _, _ in cpp_text.functions(text)]

    def test_functions_are_found_in_namespaces_and_classes(self):
        text = "namespace a {\nclass B : public C {\n public:\n  int f() const { return 1; }\n};\nvoid B::g(int x) {\n}\n}\n"
        self.assertEqual(list(cpp_text.functions(text)), [("f", 4, 1), ("B::g", 6, 2)])

    def test_lambdas_and_blocks_belong_to_their_function(self):
        self.assertEqual(self.names("void f() {\n  auto g = [](int x) { return x; };\n  if (g(1)) { g(2); }\n}\n"), ["f"])

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        text = '#define OPEN if (x) { \\\n  y\n// {\n/* { */\nvoid f() { g("{", \'{\', R"x({")x"); h(1\'000); }\nvoid k() {}\n'
        self.assertEqual(self.names(text), ["f", "k"])

    def test_values_and_types_are_no_functions(self):
        self.assertEqual(self.names("const X kTable[] = {make(1), {2}};\ntemplate <class T> struct alignas(8) Y {};\nenum class Z { a };\n"), [])

    def test_a_constructor_with_braces_in_its_initialisers_is_one_function(self):
        text = "A::A(int x) : a_{x}, b_(x), c_{f(x)} {\n  work();\n}\nint g() { return 1; }\n"
        self.assertIn(("A::A", 1, 3), list(cpp_text.functions(text)))
        self.assertIn("g", self.names(text))


class CheckStyle(unittest.TestCase):
    def test_a_long_function_is_refused_and_one_of_the_limit_is_not(self):
        body = "void f() {\n" + "  g();\n" * (check_style.FUNCTION_LINES_MAX - 2) + "}\n"
        self.assertEqual(check_style.long_ones("src/a/b.cc", body), {})
        found = check_style.long_ones("src/a/b.cc", body.replace("}", "  g();\n}"))
        self.assertEqual(found, {"src/a/b.cc: f": check_style.FUNCTION_LINES_MAX + 1})
        self.assertEqual(len(list(check_style.ratchet_problems(found, {}))), 1)

    def test_long_python_functions_are_seen_too(self):
        self.assertIn("tools/x.py: f", check_style.long_ones("tools/x.py", "def f():\n" + "    g()\n" * 45))

    def test_a_file_over_the_limit_needs_an_entry_and_over_the_hard_limit_none_helps(self):
        name, limit, hard = "src/a/b.cc", check_style.FILE_LINES_MAX, check_style.FILE_LINES_HARD_MAX
        self.assertEqual(check_style.long_ones(name, "\n" * limit), {})
        self.assertEqual(len(list(check_style.ratchet_problems({name: limit + 1}, {}))), 1)
        self.assertEqual(list(check_style.ratchet_problems({name: limit + 1}, {name: limit + 1})), [])
        self.assertEqual(len(list(check_style.ratchet_problems({name: hard + 1}, {name: hard + 1}))), 1)

    def test_the_ratchet_only_shrinks(self):
        allowed = {"src/a.cc: f": 60, "src/a.cc: gone": 50}
        found = {"src/a.cc: f": 45, "src/a.cc: new": 70}
        self.assertEqual(check_style.shrink(found, allowed), {"src/a.cc: f": 45})
        # Better than recorded must be recorded, or the slack would be used up again unseen.
        self.assertEqual(len(list(check_style.ratchet_problems({"src/a.cc: f": 45}, {"src/a.cc: f": 60}))), 1)
        self.assertEqual(len(list(check_style.ratchet_problems({"src/a.cc: f": 61}, {"src/a.cc: f": 60}))), 1)

    def test_each_banned_call_is_found_with_its_replacement(self):
        bad = ("sleep(1);", "::usleep(5);", "std::this_thread::sleep_for(s);", "strcpy(a, b);", "sprintf(a, b);",
               "int x = rand();", "std::rand();", "gettimeofday(&t, nullptr);", "out << std::endl;",
               "using namespace std;", "std::thread(f).detach();", 'printf("x");', 'std::fprintf(stderr, "x");',
               "std::cout << 1;", "#include <iostream>", "assert(x);", "std::stoi(s);", "atoi(s);", "strtok(a, b);",
               "std::format(s);", "std::chrono::system_clock::now();", "#include <expected>")
        for line in bad:
            with self.subTest(line):
                [problem] = check_style.banned_problems("src/gateway/x.cc", f"\n{line}\n")
                self.assertTrue(problem.startswith("src/gateway/x.cc:2:"))

    def test_what_only_looks_like_a_banned_call_passes(self):
        good = ("// sleep(1)", 'log("printf(x)");', "static_assert(x);", "ASSERT_TRUE(x);", "CARILLON_ASSERT(x);",
                "snprintf(a, n, b);", "generator.rand();", "using namespace std::chrono_literals;", "brand();")
        for line in good:
            with self.subTest(line):
                self.assertEqual(list(check_style.banned_problems("src/gateway/x.cc", line)), [])

    def test_the_exceptions_hold_where_they_should(self):
        self.assertEqual(list(check_style.banned_problems("src/reactor/x.cc", "thread.detach();")), [])
        self.assertEqual(list(check_style.banned_problems("src/app/x.cc", 'std::printf("x");')), [])

    def test_paths_of_one_machine_are_found_and_url_paths_are_not(self):
        bad = ("see /ho" + "me/anna/notes", "cd /ro" + "ot/x", "`/wo" + "rk/main/x`")
        for line in bad:
            with self.subTest(line):
                self.assertEqual(len(list(check_style.path_problems("README.md", line))), 1)
        good = "GET /ws /usr/share/x https://example.org/home/a/b /v1/publish docs/tools/x"
        self.assertEqual(list(check_style.path_problems("README.md", good)), [])


class CheckWire(unittest.TestCase):
    def test_a_line_without_a_vector_or_test_is_told(self):
        names = [f"{number}: it holds" for number in check_wire.numbers()]
        self.assertEqual(len(names), 66)
        self.assertEqual(check_wire.missing(names), [])
        for number in ("C7", "orion 10", "service 1", "grimnir 5"):
            self.assertEqual(check_wire.missing([name for name in names if not name.startswith(f"{number}:")]), [number])

    def test_a_number_inside_a_name_or_without_a_sentence_does_not_count(self):
        names = [f"{number}: it holds" for number in check_wire.numbers() if number != "orion 1"]
        self.assertEqual(check_wire.missing([*names, "orion 1", "like orion 1: x", "orion 10: y"]), ["orion 1"])

    def test_names_of_node_tests_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a.test.mjs").write_text('test("fluxora 7: x", f);\n  t.test(`C4: y`, f); test("other", f)')
            self.assertEqual(list(check_wire.test_names(pathlib.Path(folder))), ["fluxora 7: x", "C4: y"])


class CheckReliability(unittest.TestCase):
    UNIT = {("Drain", "ClosesAll")}
    NODE = {"drain.test.mjs": {"a second signal exits at once"}}

    def found(self, page):
        return list(check_reliability.problems(page, self.UNIT, self.NODE))

    def test_a_named_test_must_exist(self):
        self.assertEqual(self.found('| x | `Drain.ClosesAll`, `drain.test.mjs`: "a second signal exits at once" |'), [])
        self.assertEqual(self.found("`Drain.ClosesOne`"), ["no test Drain.ClosesOne"])
        self.assertEqual(self.found("`drained.test.mjs`"), ["no file tests/integration/drained.test.mjs"])
        self.assertEqual(self.found('`drain.test.mjs`: "a third"'), ['tests/integration/drain.test.mjs has no test "a third"'])

    def test_tests_are_found_where_they_are_defined(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "x_test.cc").write_text("TEST_F(Drain, ClosesAll) {\n}\n")
            (pathlib.Path(folder) / "a.test.mjs").write_text('test("one", f);\n  await t.test(`two`, f);')
            self.assertEqual(check_reliability.unit_tests(pathlib.Path(folder)), {("Drain", "ClosesAll")})
            self.assertEqual(check_reliability.node_tests(pathlib.Path(folder)), {"a.test.mjs": {"one", "two"}})


class CheckProfiles(unittest.TestCase):
    def found(self, text, name="src/gateway/x.cc"):
        return len(list(check_profiles.problems(name, text)))

    def test_a_string_that_names_a_profile_is_refused(self):
        for line in ('f("orion");', 'f("the fluxora one");', 'f(R"(grimnir.*)");', 'if (name == "service") {}', 'f("Orion.x");', 'f("/v1/connect");'):
            with self.subTest(line):
                self.assertEqual(self.found(line), 1)

    def test_comparing_a_profiles_name_is_refused_and_looking_it_up_is_not(self):
        for line in ('if (endpoint.profile == "echo") f();', 'if (profile.name != "x") f();', 'return "x" == settings.profile;'):
            with self.subTest(line):
                self.assertEqual(self.found(line), 1)
        self.assertEqual(self.found("if (profile.name == name) return profile;"), 0)

    def test_comments_tests_and_everyday_words_pass(self):
        self.assertEqual(self.found('// as orion does\n/* "grimnir" */ f("a service of ours", \'"\');'), 0)
        self.assertEqual(self.found('f("orion");', "src/gateway/x_test.cc"), 0)
        self.assertEqual(self.found('f("orion");', "src/gateway/testing/stage.h"), 0)


class Suites(unittest.TestCase):
    """What runs the tests must not take a broken one for green."""

    def program(self, text):
        folder = tempfile.mkdtemp()
        self.addCleanup(lambda: subprocess.run(["rm", "-r", folder], check=True))
        path = pathlib.Path(folder) / "program"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{text}\n")
        path.chmod(0o755)
        return path

    def counted(self, text, timeout_s=30):
        outcome = suites.run_counted("x", [self.program(text)], timeout_s)
        return outcome.passed, outcome.failed

    WRITE = 'open(os.environ["TEST_COUNTS"], "w").write(json.dumps({"passed": %d, "failed": %d}))\n'

    def test_counts_are_taken_over(self):
        self.assertEqual(self.counted(self.WRITE % (3, 0)), (3, 0))
        self.assertEqual(self.counted(self.WRITE % (3, 2) + "sys.exit(1)"), (3, 2))

    def test_a_crash_after_green_tests_is_a_failure(self):
        self.assertEqual(self.counted(self.WRITE % (3, 0) + "os.abort()"), (3, 1))
        self.assertEqual(self.counted(self.WRITE % (3, 0) + "sys.exit(7)"), (3, 1))

    def test_a_suite_that_runs_nothing_or_counts_nothing_is_a_failure(self):
        self.assertEqual(self.counted(self.WRITE % (0, 0)), (0, 1))
        self.assertEqual(self.counted("pass"), (0, 1))

    def test_a_suite_that_hangs_is_killed_and_a_failure(self):
        self.assertEqual(self.counted("print('before', flush=True)\ntime.sleep(60)", timeout_s=1), (0, 1))

    def gtest(self, failures, skipped, code):
        report = {"tests": 4, "failures": failures, "disabled": 0, "errors": 0,
                  "testsuites": [{"testsuite": [{"result": "SKIPPED"}] * skipped}]}
        outcome = suites.run_gtest("x", self.program(
            f"path = sys.argv[1].split(':', 1)[1]\nopen(path, 'w').write({json.dumps(report)!r})\nsys.exit({code})"))
        return outcome.passed, outcome.failed

    def test_gtest_reports_are_counted_and_skipped_is_not_green(self):
        self.assertEqual(self.gtest(0, 0, 0), (4, 0))
        self.assertEqual(self.gtest(1, 0, 1), (3, 1))
        self.assertEqual(self.gtest(0, 1, 0), (3, 1))

    def test_a_gtest_program_that_dies_counts_what_it_had_and_one_failure(self):
        outcome = suites.run_gtest("x", self.program(
            "print('[       OK ] A.B (0 ms)\\n[ RUN      ] A.C', flush=True)\nos.abort()"))
        self.assertEqual((outcome.passed, outcome.failed), (1, 1))
        self.assertIn("SIGABRT", outcome.output)

    def test_a_missing_program_is_a_failure(self):
        self.assertEqual(suites.run_gtest("x", pathlib.Path("/nonexistent")).failed, 1)


class NodeReporter(unittest.TestCase):
    """The reporter of the Node tests counts leaves, and a skipped test is not green."""

    def counts(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "x.test.mjs"
            file.write_text('import test, { describe, it } from "node:test";\n' + text)
            outcome = suites.run_node("x", file, 60)
            return outcome.passed, outcome.failed

    def test_leaves_are_counted_once(self):
        self.assertEqual(self.counts("test('a', () => {}); describe('d', () => { it('b', () => {}); it('c', () => {}); });"), (3, 0))

    def test_a_failing_leaf_is_one_failure_and_its_parent_none(self):
        self.assertEqual(self.counts("describe('d', () => { it('b', () => { throw new Error('x'); }); it('c', () => {}); });"), (1, 1))

    def test_subtests_count_and_their_parent_does_not(self):
        self.assertEqual(self.counts("test('a', async (t) => { await t.test('b', () => {}); await t.test('c', () => {}); });"), (2, 0))

    def test_skipped_and_todo_tests_are_failures(self):
        self.assertEqual(self.counts("test.skip('a', () => {}); test.todo('b'); test('c', () => {});")[0], 1)
        self.assertGreaterEqual(self.counts("test.skip('a', () => {}); test('c', () => {});")[1], 1)

    def test_a_file_that_does_not_load_is_a_failure(self):
        self.assertGreaterEqual(self.counts("import 'no-such-thing';")[1], 1)


if __name__ == "__main__":
    unittest.main()
