"""The charts of the page: which results each is drawn of."""

from harness import store

from .charts import Bar, bars


def floor(seen):
    rows = []
    for phase in seen["phases"]:
        what = f"{phase['clients']:,} clients, {phase['pending']} pending"
        rows += [Bar(what, phase["engine_cpu_us"]["median"]),
                 Bar("bare send loop", phase["floor_cpu_us"]["median"], "floor")]
    return bars("CPU a delivery, and that of a bare loop of send()", "µs", rows)


def rates(seen):
    rows = [Bar("one event at a time", seen["alone"]["engine_cpu_us"]["median"])]
    for rate in sorted({run["events_per_s"] for run in seen["rates"]}):
        cpu = sorted(run["cpu_us"] for run in seen["rates"] if run["events_per_s"] == rate)
        rows.append(Bar(f"{rate} events/s", cpu[len(cpu) // 2]))
    return bars("CPU a delivery to 10,000 clients: the busier, the cheaper", "µs", rows)


DRAWN = {"floor": floor, "rates": rates}
NAMES = {row: row for row in DRAWN}


def of(results):
    """{name: SVG} for the rows that were measured."""
    return {NAMES[row]: draw(results[row]["seen"]) for row, draw in DRAWN.items()
            if results.get(row, {}).get("status") == store.MEASURED}
