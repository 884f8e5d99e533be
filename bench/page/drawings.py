"""The charts of the page, drawn from the results."""

import contextlib

from harness import store
from rows.peers import bytes_a_connection, load_name

from .charts import Bar, bars
from .comparison import OURS, loads_of, peers_of, run_of


def floor(seen):
    rows = []
    for phase in seen["phases"]:
        what = f"{phase['clients']:,} clients, {phase['pending']} pending"
        rows += [Bar(what, phase["engine_cpu_us"]["median"]),
                 Bar("bare send loop", phase["floor_cpu_us"]["median"], "floor")]
    return bars("CPU per delivery, compared with a bare loop of send()", "µs", rows)


def rates(seen):
    rows = [Bar("one event at a time", seen["alone"]["engine_cpu_us"]["median"])]
    for rate in sorted({run["events_per_s"] for run in seen["rates"]}):
        cpu = sorted(run["cpu_us"] for run in seen["rates"] if run["events_per_s"] == rate)
        rows.append(Bar(f"{rate} events/s", cpu[len(cpu) // 2]))
    return bars("CPU per delivery to 10,000 clients: the busier, the cheaper", "µs", rows)


def peers(results):
    """Deliveries and CPU per delivery at the heaviest load, and memory per connection."""
    seen = peers_of(results)
    if not seen:
        return {}
    clients, per_s = loads_of(seen)[-1]
    runs = [(each, run) for each in seen if (run := run_of(each, clients, per_s))]

    def drawn(title, unit, values):
        return bars(title, unit, [Bar(each["title"], value, "ours" if each["peer"] == OURS else "other")
                                  for each, value in values], log=True)
    load = load_name(per_s, clients)
    return {"peers-deliveries": drawn(f"Deliveries per second, {load}", "1/s",
                                      [(each, max(1, run["deliveries_per_s"])) for each, run in runs]),
            "peers-cpu": drawn(f"CPU per delivery, {load}", "µs",
                               [(each, run["server"]["cpu_us_a_delivery"]) for each, run in runs]),
            "peers-memory": drawn("Memory per connection", "bytes resident",
                                  [(each, max(1, bytes_a_connection(each["runs"]))) for each in seen])}


DRAWN = {"floor": floor, "rates": rates}
NAMES = {row: row for row in DRAWN}
PEER_NAMES = ("peers-deliveries", "peers-cpu", "peers-memory")


def of(results):
    """{name: SVG} for the rows that were measured; one of another shape has no picture."""
    drawn = {}
    for row, draw in DRAWN.items():
        if results.get(row, {}).get("status") == store.MEASURED:
            with contextlib.suppress(KeyError, IndexError, TypeError):
                drawn[NAMES[row]] = draw(results[row]["seen"])
    return drawn | peers(results)
