"""Tests of the dashboard's generator, and that deploy/grafana/carillon.json is what it writes."""

import itertools
import re
import unittest

import dashboard

LIMITS = ("carillon_connections_limit", "carillon_http_connections_limit", "carillon_backlog_limit_bytes",
          "carillon_memory_limit_bytes", "process_max_fds")


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def charts():
    return [panel for panel in dashboard.dashboard()["panels"] if panel["type"] != "row"]


def expressions():
    return [(panel["title"], target["expr"]) for panel in charts() for target in panel["targets"]]


class TheDashboard(unittest.TestCase):
    def test_the_file_is_what_the_generator_writes(self):
        self.assertEqual(dashboard.FILE.read_text(), dashboard.text(), "renew it: tools/dashboard.py")

    def test_no_panels_overlap_and_none_leaves_the_grid(self):
        panels = dashboard.dashboard()["panels"]
        for one, other in itertools.combinations(panels, 2):
            self.assertFalse(overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"]))
        for panel in panels:
            self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], dashboard.GRID_COLUMNS, panel["title"])

    def test_every_line_of_panels_is_full(self):
        lines = {}
        for panel in dashboard.dashboard()["panels"]:
            lines.setdefault(panel["gridPos"]["y"], []).append(panel)
        for panels in lines.values():
            names = [panel["title"] for panel in panels]
            self.assertEqual(sum(panel["gridPos"]["w"] for panel in panels), dashboard.GRID_COLUMNS, names)
            self.assertEqual(len({panel["gridPos"]["h"] for panel in panels}), 1, names)

    def test_panels_have_ids_of_their_own(self):
        ids = [panel["id"] for panel in dashboard.dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_every_panel_has_a_description_a_unit_and_legends(self):
        for panel in charts():
            title = panel["title"]
            self.assertRegex(panel["description"], r"^[A-Z].*\.$", title)
            unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else panel["fieldConfig"]["defaults"]["unit"]
            self.assertIn(unit, ("short", "s", "bytes", "Bps", "percentunit"), title)
            legends = [target["legendFormat"] for target in panel["targets"]]
            self.assertTrue(all(legends), title)
            self.assertEqual(len(legends), len(set(legends)), title)
            self.assertEqual(len(legends), len({target["refId"] for target in panel["targets"]}), title)

    def test_a_legend_names_only_labels_that_the_query_keeps(self):
        for panel in charts():
            for target in panel["targets"]:
                kept = re.search(r"^sum by \(([^)]*)\)", target["expr"])
                if kept and " / " not in target["expr"]:
                    named = re.findall(r"{{(\w+)}}", target["legendFormat"])
                    self.assertLessEqual(set(named), set(kept.group(1).split(", ")), panel["title"])

    def test_every_query_respects_the_variables(self):
        for title, expr in expressions():
            if "ALERTS" not in expr:
                for selector in re.findall(r"\b(?:carillon|process|instance|instance_reason:carillon)_?[\w:]*{([^}]*)}", expr):
                    self.assertIn('instance=~"$instance"', selector, title)
            self.assertEqual(expr.count("("), expr.count(")"), title)

    def test_limits_are_drawn_beside_what_they_limit(self):
        drawn = " ".join(target["expr"] for panel in charts() if panel["type"] == "timeseries"
                         for target in panel["targets"] if target["legendFormat"].startswith("limit"))
        for limit in LIMITS:
            self.assertIn(limit, drawn)


if __name__ == "__main__":
    unittest.main()
