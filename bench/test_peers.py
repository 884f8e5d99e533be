"""The rows of the peers: what is made of the runs of `carillon bench`, and that the peers are told apart."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import store
from rows import peers


def run_of(clients, per_s, rate, cpu_us=1.0, **more):
    found = dict.fromkeys(("lost", "undelivered", "surplus", "out_of_order", "dropped", "refused",
                           "publish_unacknowledged", "publish_refused"), 0)
    server = {"cpu_us_a_delivery": cpu_us, "rss_connected": 1_000_000 + 100 * clients, "bytes_a_connection": 130.0}
    return {**found, "clients": clients, "per_s": per_s, "deliveries_per_s": rate, "server": server,
            "latency_us": {"p50": 1500, "p99": 2500}, **more}


def seen_of(name, *runs):
    return {"peer": name, "title": name.capitalize(), "version": "1.2", "setup": "Nothing.", "runs": list(runs)}


def results_of(**seen):
    return {f"peer-{name}": {"row": f"peer-{name}", "status": store.MEASURED, "seen": seen_of(name, *runs)}
            for name, runs in seen.items()}


class Figures(unittest.TestCase):
    def test_each_load_has_its_rate_cpu_time_and_latency(self):
        found = {figure.what: (figure.value, figure.unit) for figure in peers.figures(seen_of("x", run_of(1000, 100, 99_000)))}
        self.assertEqual(found["100/s × 1,000: deliveries"], (99_000, "/s"))
        self.assertEqual(found["100/s × 1,000: CPU a delivery"], (1.0, "µs"))
        self.assertEqual(found["100/s × 1,000: p99"], (2.5, "ms"))

    def test_what_was_not_carried_is_told(self):
        run = run_of(1000, 500, 9, lost=1200, dropped=3)
        self.assertEqual(peers.figures(seen_of("x", run))[0].note, "1,200 lost, 3 clients dropped")

    def test_a_load_under_which_the_server_ended_is_told_and_the_others_stand(self):
        found = peers.figures(seen_of("x", run_of(10, peers.ALONE_PER_S, 50), {"clients": 10, "per_s": 500, "failed": "x ended: why"}))
        self.assertIn(("500/s × 10: not measured", "x ended: why"), [(figure.what, figure.note) for figure in found])
        self.assertIn("one at a time × 10: deliveries", [figure.what for figure in found])

    def test_memory_a_connection_is_the_slope_over_those_that_had_connected(self):
        runs = [run_of(1000, 5, 1), run_of(10_000, 5, 1, dropped=10_000), run_of(10_000, 500, 1)]
        self.assertAlmostEqual(peers.bytes_a_connection(runs), 100)
        self.assertEqual(peers.bytes_a_connection(runs[:1]), 130.0)


class Comparison(unittest.TestCase):
    RESULTS = results_of(carillon=[run_of(10_000, 500, 5e6, 0.1), run_of(10_000, 100, 1e6, 0.5)],
                         slow=[run_of(10_000, 500, 1e6, 0.8, undelivered=7), {"clients": 10_000, "per_s": 100, "failed": "it ended"}],
                         even=[run_of(10_000, 100, 1e6, 1.5)])

    def test_rates_stand_by_peer_and_load(self):
        self.assertEqual(peers.best_rates(self.RESULTS)["slow"], {"500/s × 10,000": 1e6})

    def test_peers_are_compared_under_the_loads_that_both_were_measured_at(self):
        found = {(each["peer"], each["load"]): each for each in peers.comparison(self.RESULTS)}
        self.assertEqual(set(found), {("slow", "500/s × 10,000"), ("even", "100/s × 10,000")})
        self.assertAlmostEqual(found["slow", "500/s × 10,000"]["rate"], 5)
        self.assertAlmostEqual(found["slow", "500/s × 10,000"]["cpu"], 8)
        self.assertFalse(found["slow", "500/s × 10,000"]["carried"])

    def test_where_both_carry_the_load_it_says_so(self):
        even = next(each for each in peers.comparison(self.RESULTS) if each["peer"] == "even")
        self.assertEqual((even["rate"], even["carried"]), (1, True))
        self.assertAlmostEqual(even["cpu"], 3)

    def test_a_peer_that_was_skipped_is_not_compared(self):
        skipped = {**self.RESULTS, "peer-gone": {"row": "peer-gone", "status": store.SKIPPED, "reason": "no such program"}}
        self.assertNotIn("gone", peers.best_rates(skipped))
        self.assertEqual(peers.comparison({"peer-slow": self.RESULTS["peer-slow"]}), [])


if __name__ == "__main__":
    unittest.main()
