"""The pure parts of the benchmark: statistics, resumption, clients' bytes, page and charts."""

import json
import pathlib
import re
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import figures, store
from harness.streams import TlsStream
from harness.swarm import FrameCounter, text_frame
from page import charts, comparison, page, readme
from rows import burst, flood, history, publish, redis_intake, resume, transports
from rows.plan import ROWS
from rows.row import Figure, OtherShape, Row, at_least, at_most

ROOT = pathlib.Path(__file__).resolve().parents[1]
MACHINE = {"cpu": "A CPU", "cores": 2, "kernel": "6.1", "memory_gib": 24}


def result_of(row, **more):
    return {"row": row, "status": store.MEASURED, "commit": "abc", "quick": False, "machine": MACHINE,
            "date": "2026-01-01", "seen": {}, **more}


def row_of(name, *found):
    return Row(name, f"Title of {name}", "How.", None, lambda seen: found)


class Statistics(unittest.TestCase):
    def test_the_spread_of_one_value_is_that_value(self):
        self.assertEqual(figures.spread_of([3]), {"median": 3, "min": 3, "max": 3, "low": 3, "high": 3, "count": 1})

    def test_the_spread_holds_median_quartiles_and_ends(self):
        spread = figures.spread_of([5, 1, 3, 2, 4])
        self.assertEqual([spread[name] for name in ("min", "low", "median", "high", "max")], [1, 2, 3, 4, 5])

    def test_a_slope_does_not_know_what_lies_below_its_first_point(self):
        self.assertEqual(figures.slope([(5000, 1_000_000), (17_000, 2_200_000)]), 100)

    def test_no_more_digits_are_written_than_are_known(self):
        for value, text in ((0.0123, "0.012"), (0.95, "0.95"), (12.34, "12.3"), (1234.6, "1,235"), (4_963_000.0, "4.96 M"), (0, "0"), (2_048, "2,048")):
            self.assertEqual(figures.written(value), text)


class Resumption(unittest.TestCase):
    def test_a_result_is_found_again_and_a_broken_one_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            results = store.Store(folder)
            self.assertIsNone(results.load("floor"))
            results.save(result_of("floor"))
            self.assertEqual(results.load("floor"), result_of("floor"))
            results.path("floor").write_text("{")
            self.assertIsNone(results.load("floor"))

    def test_only_what_was_measured_at_this_commit_as_thoroughly_is_taken_over(self):
        self.assertTrue(store.can_be_taken_over(result_of("x"), "abc", False))
        for result, commit, quick in ((None, "abc", False), (result_of("x", status=store.FAILED), "abc", False),
                                      (result_of("x"), "other", False), (result_of("x"), "abc", True),
                                      (result_of("x", commit="abc+changes"), "abc+changes", False)):
            self.assertFalse(store.can_be_taken_over(result, commit, quick))


class Clients(unittest.TestCase):
    FRAMES = b"\x81\x02hi" + b"\x89\x00" + b"\x82\x7e\x01\x00" + bytes(256) + b"\x81\x00"

    def test_data_frames_are_counted_and_pings_are_not(self):
        counter = FrameCounter()
        counter.feed(self.FRAMES)
        self.assertEqual(counter.events, 3)

    def test_frames_are_counted_wherever_the_stream_is_split(self):
        for at in range(len(self.FRAMES) + 1):
            counter = FrameCounter()
            counter.feed(self.FRAMES[:at])
            counter.feed(self.FRAMES[at:])
            self.assertEqual(counter.events, 3, f"split at {at}")

    def test_a_message_is_one_masked_text_frame(self):
        self.assertEqual(text_frame("hi"), b"\x81\x82\0\0\0\0hi")
        self.assertEqual(text_frame("x" * 126)[:4], b"\x81\xfe\0\x7e")

    def test_tls_records_are_counted_wherever_the_stream_is_split(self):
        records = b"\x17\x03\x03\x00\x03abc" + b"\x16\x03\x03\x00\x01x" + b"\x17\x03\x03\x00\x00"
        for at in range(len(records) + 1):
            stream = TlsStream.__new__(TlsStream)
            stream.records, stream.unseen, stream.skip = 0, b"", 0
            stream.count_records(records[:at])
            stream.count_records(records[at:])
            self.assertEqual(stream.records, 2, f"split at {at}")


class Page(unittest.TestCase):
    ROWS = (row_of("good", Figure("speed", 0.95, "", at_least(0.9), figures.spread_of([0.8, 1.0]))),
            row_of("bad", Figure("memory", 200, "B", at_most(128)), Figure("time", 3, "s")), row_of("absent"))

    def text(self, **results):
        return page.text_of(self.ROWS, {name: result_of(name, **more) for name, more in results.items()})

    def test_each_target_stands_with_figure_spread_and_verdict(self):
        text = self.text(good={}, bad={})
        self.assertIn("| speed | ≥ 0.90 | 0.95 | 0.85–0.95 (all: 0.80–1.00) | met |", text)
        self.assertIn("| memory | ≤ 128 B | 200 B | one run | **missed** |", text)
        self.assertNotIn("| time | ≤", text)

    def test_what_is_missed_is_named_first(self):
        self.assertIn("**1 of 2 targets are met.** Not met: memory (200 B, target ≤ 128 B).", self.text(good={}, bad={}))

    def test_the_page_has_the_reason_why_a_row_was_not_measured(self):
        text = self.text(bad={"status": store.SKIPPED, "reason": "no such peer"})
        self.assertIn("Skipped: no such peer", text)
        self.assertIn("## Title of absent\n\nHow. (`bench/run --row absent`)\n\nNot measured.", text)

    def test_results_of_several_commits_are_distinguished(self):
        text = self.text(good={}, bad={"commit": "def"})
        self.assertIn("- good: A CPU, 2 cores, 24 GiB, Linux 6.1; 2026-01-01, commit abc", text)

    def test_a_result_of_another_shape_is_reported_and_does_not_affect_the_others(self):
        def broken(seen):
            yield Figure("x", seen["gone"])
        row = Row("old", "Old", "How.", None, broken)
        with self.assertRaises(OtherShape):
            row.figures_of(result_of("old"))
        text = page.text_of((row, *self.ROWS), {"old": result_of("old"), "good": result_of("good")})
        self.assertIn("Failed: an older version of this row wrote it", text)
        self.assertIn("**1 of 1 targets are met.**", text)

    def test_a_result_that_was_read_back_from_the_page_gives_its_figures(self):
        row = Row("old", "Old", "How.", None, lambda seen: seen["gone"])
        stored = {"what": "speed", "value": 0.95, "unit": "", "target": {"bound": "at least", "value": 0.9}, "note": "n"}
        found, = row.figures_of({**result_of("old"), "figures": [stored]})
        self.assertEqual(found, Figure("speed", 0.95, "", at_least(0.9), None, "n"))

    def test_the_results_of_this_tree_can_be_read(self):
        results = store.Store(ROOT / "docs" / "benchmarks" / "results").all([row.name for row in ROWS])
        self.assertGreater(len(results), 15)
        for row, result, figures in page.readable(ROWS, results):
            if result is not None:
                self.assertEqual(result["status"], store.MEASURED, row.name)
                self.assertTrue(figures, row.name)

    def test_no_two_rows_have_one_name(self):
        self.assertEqual(len({row.name for row in ROWS}), len(ROWS))


def peer_result(name, title, per_s, cpu_us, rss):
    """Of a peer at one load with two numbers of clients."""
    def run(clients):
        zero = dict.fromkeys(("lost", "undelivered", "surplus", "out_of_order", "dropped", "refused",
                              "publish_unacknowledged", "publish_refused"), 0)
        return {**zero, "clients": clients, "refused": 0, "per_s": 500, "deliveries_per_s": per_s,
                "latency_us": {"p50": 1000, "p99": 2000},
                "server": {"cpu_us_a_delivery": cpu_us, "rss_connected": 1_000_000 + clients * rss, "bytes_a_connection": rss}}
    return result_of(f"peer-{name}", seen={"peer": name, "title": title, "version": "1", "setup": "",
                                           "runs": [run(1_000), run(10_000)]})


class Comparison(unittest.TestCase):
    RESULTS = {each["row"]: each for each in (peer_result("ws", "npm ws", 100_000, 9.0, 5_000),
                                              peer_result("carillon", "Carillon", 4_000_000, 0.2, 100),
                                              peer_result("fast", "Fast", 2_000_000, 0.1, 200))}

    def test_the_target_is_against_the_best_peer(self):
        figure, = comparison.figures(self.RESULTS)
        self.assertEqual((figure.value, figure.target.holds(figure.value)), (2.0, False))
        self.assertEqual(figure.note, "Fast, which delivered 40 % of 5.00 M a second at 0.50 × the CPU each; Carillon 80 %; "
                                      "the next best, npm ws: 40.0 ×")

    def test_what_another_does_better_is_named(self):
        text = comparison.section(self.RESULTS, ())
        self.assertIn("- Fast, 500/s × 10,000: 0.10 µs CPU per delivery, Carillon 0.20", text)
        self.assertNotIn("- npm ws", text)

    def single(self, p50):
        run = {"deliveries_per_s": 500_000, "server": {"cpu_us_a_delivery": 0.1}, "latency_us": {"p50": p50, "p99": 1000}}
        return {"publish": result_of("publish", seen={"http_500": [run]})}

    def test_one_event_a_request_is_compared_with_those_that_are_published_to_by_http(self):
        nats = {"peer-nats": peer_result("nats", "nats-server", 1, 9.0, 9_000)}
        text = comparison.section({**self.RESULTS, **nats, **self.single(1_500)}, ())
        table = text.partition("### 500/s × 1,000, one event per request")[2].partition("###")[0]
        self.assertIn("| Carillon | 500,000 | 0.10 | 1.50 | 1.00 |", table)
        self.assertIn("| Fast | 2,000,000 | 0.10 | 1.00 | 2.00 |", table)
        self.assertNotIn("nats-server", table)
        self.assertIn("- Fast, 500/s × 1,000, one event per request: 1.00 p50 ms, Carillon 1.50", text)

    def test_a_lower_median_is_named_even_where_the_99th_percentile_is_not(self):
        slow = peer_result("carillon", "Carillon", 4_000_000, 0.1, 100)
        for run in slow["seen"]["runs"]:
            run["latency_us"] = {"p50": 1_500, "p99": 2_000}
        text = comparison.section({**self.RESULTS, "peer-carillon": slow}, ())
        self.assertIn("- Fast, 500/s × 1,000: 1.00 p50 ms, Carillon 1.50", text)

    def test_a_peer_that_could_not_be_measured_is_named_with_its_reason(self):
        absent = result_of("peer-x", status=store.SKIPPED, reason="no Go here")
        self.assertIn("- x: skipped: no Go here", comparison.section({**self.RESULTS, "peer-x": absent}, ()))


class Readme(unittest.TestCase):
    FIGURES = (Figure("speed", 0.95, "", at_least(0.9), None, "fast"), Figure("time", 3, "s"))
    LINES = (readme.Line("overhead", "speed", readme.overhead), readme.Line("how long", "time"), readme.Line("absent", "gone"))

    def test_the_readme_has_the_measured_figures_in_its_own_words(self):
        text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
        self.assertEqual(readme.with_figures(text, self.FIGURES, self.LINES),
                         f"before\n{readme.BEGIN}\n| what | Carillon |\n|---|---|\n| overhead | 5 % |\n| how long | 3 s |\n"
                         f"{readme.END}\nafter\n")
        with self.assertRaises(ValueError):
            readme.with_figures("no marks", self.FIGURES)

    def test_a_ratio_is_shown_as_a_percentage(self):
        for value, shown in ((0.94, "6 %"), (1.0, "0 %"), (1.1, "0 %")):
            self.assertEqual(readme.overhead(Figure("x", value)), shown)
        for value, shown in ((1.04, "4 %"), (0.98, "0 %")):
            self.assertEqual(readme.excess(Figure("x", value)), shown)

    def test_the_readme_of_this_tree_quotes_the_stored_results(self):
        results = store.Store(ROOT / "docs" / "benchmarks" / "results").all([row.name for row in ROWS])
        figures = page.all_figures(page.readable(ROWS, results), results)
        self.assertEqual({line.figure for line in readme.LINES} - {figure.what for figure in figures}, set())
        text = (ROOT / "README.md").read_text()
        self.assertEqual(readme.with_figures(text, figures), text)


def figures_of(row, seen):
    return {figure.what: figure for figure in row.figures_of(result_of(row.name, seen=seen))}


class Verdicts(unittest.TestCase):
    def burst_run(self, **more):
        return {"published_s": 1.0, "last_s": 3.0, "first_s": 2.0, "fewest": 10, "received": 1_000, "complete": 100,
                "closed": 0, "first_close": "", **more}

    def burst(self, *runs):
        return figures_of(burst.BURST, {"loads": [{"name": "x", "clients": 100, "events": 10, "runs": runs}]})

    def test_a_burst_that_everybody_receives_has_a_time(self):
        found = self.burst(self.burst_run(), self.burst_run(last_s=5.0))
        self.assertEqual(found["x: until every client has everything"].value, 4.0)
        self.assertTrue(all(figure.target.holds(figure.value) for figure in found.values() if figure.target))

    def test_a_client_that_a_burst_closes_is_a_missed_target_and_there_is_no_time(self):
        found = self.burst(self.burst_run(received=990, complete=99, closed=1, first_close="1008 Slow consumer"))
        self.assertEqual((found["x: closed"].value, found["x: closed"].note), (1, "1008 Slow consumer"))
        self.assertFalse(found["x: lost"].target.holds(found["x: lost"].value))
        self.assertNotIn("x: until every client has everything", found)

    def flood(self, alone_ms, **more):
        def run(p99_ms):
            return {"load": {"latency_us": {"p99": 1000 * p99_ms}, "lost": 0, "undelivered": 0, "dropped": 0, "refused": 0},
                    "ready_ms": [1.0, 2.0], "flood": {"units": 100, "seconds": 2, "closed": 3, "refused": 4}}
        flooded = {"name": "pings", "words": "pings", **run(25), **more}
        return figures_of(flood.FLOOD, {"without": [run(alone_ms), run(alone_ms)], "floods": [flooded]})

    def test_beside_a_flood_twice_the_time_is_allowed_and_always_20_ms(self):
        for alone_ms, most in ((5, 20), (15, 30)):
            found = self.flood(alone_ms)["with 300 × pings: p99"]
            self.assertEqual((found.value, found.target), (25, at_most(most)))
            self.assertEqual(found.note, "50 a second were sent; closed 3 times, refused 4 times")

    def test_a_flood_beside_which_nothing_could_be_measured_is_a_missed_target(self):
        found = self.flood(5, failed="no client could connect")["with 300 × pings: could not be measured"]
        self.assertFalse(found.target.holds(found.value))

    def test_the_publish_api_is_judged_by_its_median(self):
        run = {"latency_us": {"p50": 5_100, "p99": 9_000}, "server": {"cpu_us_a_delivery": 1.0},
               **dict.fromkeys(("lost", "undelivered", "publish_refused", "publish_unacknowledged", "dropped"), 0)}
        found = figures_of(publish.PUBLISH, dict.fromkeys(("http", "redis", "http_500"), [run]))
        judged = found["1,000/s × 1,000, publish API: p50"]
        self.assertEqual((judged.value, judged.target.holds(judged.value)), (5.1, False))

    def test_events_lost_at_saturation_are_reported_and_those_lost_below_it_miss_the_target(self):
        one = {"events_per_s": 1e5, "cpu_us": 1.0, "lost": 7, "published_per_s": 8e4}
        found = figures_of(redis_intake.REDIS_INTAKE, {"pairs": [{"carillon": one, "floor": one}], "rate": 80_000, "paced": [one]})
        self.assertIsNone(found["Redis → client at saturation: lost"].target)
        self.assertFalse(found["Redis → client at 80 % of that rate: lost"].target.holds(7))

    def resumed(self, **more):
        return {"clients": 10, "complete": 10, "subscribed": 10, "recovered": 10, "refused": 0, "closed": 0, "out_of_order": 0,
                "bytes": 300_000, "begin_ns": 0, "first_ns": 1_000_000_000, "last_ns": 2_000_000_000, "cpu_ns": 1, "cpu_s": 0.5,
                **more}

    def test_a_round_of_resuming_counts_only_when_every_client_has_everything_once_and_in_order(self):
        for more in ({"complete": 9}, {"recovered": 9}, {"refused": 1}, {"closed": 1}, {"out_of_order": 1}):
            runs = [self.resumed(), self.resumed(last_ns=9_000_000_000, **more)]
            found = figures_of(resume.RESUME, {"carillon": runs, "centrifugo": [self.resumed(cpu_s=1.0)] * 2})
            whole = found["Carillon: rounds in which every client received everything once and in order"]
            self.assertEqual((whole.value, whole.target.holds(whole.value)), (1, False))
            self.assertEqual(found["Carillon: until the last client is complete"].value, 2)
            self.assertEqual(found["resuming: CPU of the server relative to Centrifugo"].value, 0.5)

    def test_a_resuming_side_without_any_whole_round_has_no_times(self):
        found = figures_of(resume.RESUME, {"carillon": [self.resumed()], "centrifugo": [self.resumed(complete=0, last_ns=0)]})
        self.assertNotIn("Centrifugo: until the last client is complete", found)
        self.assertFalse([what for what in found if what.startswith("resuming:")])

    def test_an_event_that_clients_resume_has_its_size_whatever_its_number(self):
        for number in (1, 10, 101):
            text = json.dumps(resume.event(number), separators=(",", ":"))
            self.assertEqual((len(text), text.startswith(f'{{"n":{number},')), (256, True))

    def test_server_sent_events_are_judged_where_many_events_are_pending(self):
        phase = {"clients": 10, "websocket_cpu_us": {"median": 1.0}, "stream_cpu_us": {"median": 1.1},
                 "websocket_write_bytes": 4_096, "stream_write_bytes": 4_160, "ratio_of_pairs": figures.spread_of([1.1])}
        found = figures_of(transports.TRANSPORTS, {"phases": [{**phase, "pending": 1}, {**phase, "pending": 16}]})
        alone, pending = found.values()
        self.assertEqual((alone.target, pending.target.holds(pending.value)), (None, False))
        self.assertIn("260 and 256 bytes per event", pending.note)

    def test_a_retained_event_costs_the_growth_of_the_memory(self):
        run = {"channels": 10_000, "events_each": 10, "template": "$body", "batch": 200, "before": {"events": 5, "resident": 1_000, "counted": 100},
               "after": {"events": 105, "resident": 33_000, "counted": 31_100}}
        found, = figures_of(history.HISTORY, {"runs": [run, run, {**run, "after": {**run["after"], "resident": 99_000}}]}).values()
        self.assertEqual((found.value, found.target.holds(found.value)), (320, True))
        self.assertEqual(found.note, "`carillon_history_bytes` counts 310.0 B")


class Charts(unittest.TestCase):
    def test_a_chart_is_xml_with_a_bar_for_each_value(self):
        drawn = xml.dom.minidom.parseString(charts.bars("A & B", "µs", [charts.Bar("one", 1), charts.Bar("<2>", 2)]))
        self.assertEqual(len(drawn.getElementsByTagName("rect")), 2)

    def test_bars_are_as_long_as_their_values_or_as_the_logarithms_of_them(self):
        self.assertEqual(charts.lengths([1, 2], 100, log=False), [50, 100])
        low, middle, high = charts.lengths([10, 100, 1000], 100, log=True)
        self.assertAlmostEqual(high - middle, middle - low)
        self.assertGreater(low, 0)


if __name__ == "__main__":
    unittest.main()
