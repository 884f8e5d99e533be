"""The rows of the peers: the figures made from the runs of `carillon bench`, one row per peer."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from peers import uwebsockets
from rows import peers


def run_of(clients, per_s, rate, cpu_us=1.0, **more):
    found = dict.fromkeys(("lost", "undelivered", "surplus", "out_of_order", "dropped", "refused",
                           "publish_unacknowledged", "publish_refused"), 0)
    server = {"cpu_us_a_delivery": cpu_us, "rss_connected": 1_000_000 + 100 * clients, "bytes_a_connection": 130.0}
    return {**found, "clients": clients, "per_s": per_s, "deliveries_per_s": rate, "server": server,
            "latency_us": {"p50": 1500, "p99": 2500}, **more}


def seen_of(name, *runs):
    return {"peer": name, "title": name.capitalize(), "version": "1.2", "setup": "Nothing.", "runs": list(runs)}


class Figures(unittest.TestCase):
    def test_each_load_has_its_rate_cpu_time_and_latency(self):
        found = {figure.what: (figure.value, figure.unit) for figure in peers.figures(seen_of("x", run_of(1000, 100, 99_000)))}
        self.assertEqual(found["100/s × 1,000: deliveries"], (99_000, "/s"))
        self.assertEqual(found["100/s × 1,000: CPU per delivery"], (1.0, "µs"))
        self.assertEqual(found["100/s × 1,000: p99"], (2.5, "ms"))

    def test_what_was_not_delivered_is_noted(self):
        run = run_of(1000, 500, 9, lost=1200, dropped=3)
        self.assertEqual(peers.figures(seen_of("x", run))[0].note, "1,200 lost, 3 clients dropped")

    def test_a_load_under_which_the_server_ended_is_noted_and_the_others_are_kept(self):
        found = peers.figures(seen_of("x", run_of(10, peers.ALONE_PER_S, 50), {"clients": 10, "per_s": 500, "failed": "x ended: why"}))
        self.assertIn(("500/s × 10: not measured", "x ended: why"), [(figure.what, figure.note) for figure in found])
        self.assertIn("one at a time × 10: deliveries", [figure.what for figure in found])

    def test_memory_a_connection_is_the_slope_over_those_that_had_connected(self):
        runs = [run_of(1000, 5, 1), run_of(10_000, 5, 1, dropped=10_000), run_of(10_000, 500, 1)]
        self.assertAlmostEqual(peers.bytes_a_connection(runs), 100)
        self.assertEqual(peers.bytes_a_connection(runs[:1]), 130.0)


class Pins(unittest.TestCase):
    def test_every_package_of_uwebsockets_has_a_version_and_a_hash(self):
        lines = [line for line in (uwebsockets.SOURCES / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r"^[a-z]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$")


if __name__ == "__main__":
    unittest.main()
