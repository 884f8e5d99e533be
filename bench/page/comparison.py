"""Carillon compared with its peers: the table, which server is better at what, and the figures that have a target."""

import statistics

from harness import store
from harness.figures import written
from rows.peers import bytes_a_connection, load_name, note_of
from rows.publish import CLIENTS as SINGLE_CLIENTS
from rows.publish import PEERS_PER_S as SINGLE_PER_S
from rows.row import Figure, at_least

from .words import amount

OURS = "carillon"
TIMES_MIN = 3  # of every peer's deliveries/s, where events come faster than one by one
FAST_PER_S = 100
JUDGED_PER_S = (100, 500)
# What is compared of a run: its name, the number, and whether more is better.
MEASURES = (("deliveries/s", lambda run: run["deliveries_per_s"], max),
            ("µs CPU per delivery", lambda run: run["server"]["cpu_us_a_delivery"], min),
            ("p50 ms", lambda run: run["latency_us"]["p50"] / 1000, min),
            ("p99 ms", lambda run: run["latency_us"]["p99"] / 1000, min))
NOT_BY_HTTP = ("nats",)
EQUAL = 0.03  # nearer than this is no difference on such a machine


def peers_of(results):
    """What was seen of each that was measured, Carillon first."""
    seen = [result["seen"] for result in results.values()
            if result["row"].startswith("peer-") and result["status"] == store.MEASURED]
    return sorted(seen, key=lambda each: each["peer"] != OURS)


def run_of(seen, clients, per_s):
    found = next((run for run in seen["runs"] if (run["clients"], run["per_s"]) == (clients, per_s)), None)
    return found if found and "failed" not in found else None


def loads_of(peers):
    return [(run["clients"], run["per_s"]) for run in peers[0]["runs"]]


def figures(results):
    """Our deliveries/s relative to the best peer, at the loads that no server can deliver one event at a time."""
    peers = peers_of(results)
    if not peers or peers[0]["peer"] != OURS or len(peers) == 1:
        return
    most_clients = max(clients for clients, _ in loads_of(peers))
    for clients, per_s in loads_of(peers):
        ours = run_of(peers[0], clients, per_s)
        theirs = {each["title"]: run for each in peers[1:] if (run := run_of(each, clients, per_s))}
        if clients == most_clients and per_s >= FAST_PER_S and ours and theirs:
            yield figure(load_name(per_s, clients), ours, theirs, at_least(TIMES_MIN) if per_s in JUDGED_PER_S else None)


def figure(load, ours, theirs, target):
    """Servers that deliver the whole load all have the timetable's rate: then only their CPU time differs."""
    rates = {title: ours["deliveries_per_s"] / max(1, run["deliveries_per_s"]) for title, run in theirs.items()}
    best, *others = sorted(rates, key=rates.get)
    offered = ours["clients"] * ours["per_s"]

    def part(run):
        return f"{100 * run['deliveries_per_s'] / offered:.0f} %"
    words = f"{best}, which delivered {part(theirs[best])} of {written(float(offered))} a second at " \
            f"{written(theirs[best]['server']['cpu_us_a_delivery'] / ours['server']['cpu_us_a_delivery'])} × the CPU each; " \
            f"Carillon {part(ours)}" + (f"; the next best, {others[0]}: {written(rates[others[0]])} ×" if others else "")
    return Figure(f"{load}: deliveries/s relative to the best peer", rates[best], "×", target, None, words)


def single_of(results):
    """Carillon with one event per request, as the others: a run of medians, or None when that was not measured."""
    runs = results.get("publish", {}).get("seen", {}).get("http_500")
    if not runs:
        return None
    return {"deliveries_per_s": statistics.median(run["deliveries_per_s"] for run in runs),
            "server": {"cpu_us_a_delivery": statistics.median(run["server"]["cpu_us_a_delivery"] for run in runs)},
            "latency_us": {name: statistics.median(run["latency_us"][name] for run in runs) for name in ("p50", "p99")}}


def rivals_by_http(peers):
    """[(peer, run)] at the load of single_of()."""
    found = ((each, run_of(each, SINGLE_CLIENTS, SINGLE_PER_S)) for each in peers[1:] if each["peer"] not in NOT_BY_HTTP)
    return [(each, run) for each, run in found if run]


def better_in(load, ours, rivals):
    """["nchan, 100/s × 1,000: 3.2 p99 ms, Carillon 4.1"]: where one is better than Carillon by more than the noise."""
    for each, run in rivals:
        for name, number, best in MEASURES:
            mine, its = number(ours), number(run)
            if best(mine, its) != mine and abs(its - mine) > EQUAL * mine:
                yield f"{each['title']}, {load}: {written(its)} {name}, Carillon {written(mine)}"


def better_ones(peers, single):
    for clients, per_s in loads_of(peers):
        ours = run_of(peers[0], clients, per_s)
        rivals = [(each, run) for each in peers[1:] if (run := run_of(each, clients, per_s))]
        yield from better_in(load_name(per_s, clients), ours, rivals if ours else ())
    if single:
        load = f"{load_name(SINGLE_PER_S, SINGLE_CLIENTS)}, one event per request"
        yield from better_in(load, single, rivals_by_http(peers))
    for each in peers[1:]:
        if bytes_a_connection(each["runs"]) < bytes_a_connection(peers[0]["runs"]):
            yield f"{each['title']}: {written(bytes_a_connection(each['runs']))} B per connection"


def cell(run):
    if run is None:
        return "not measured"
    note = note_of(run)
    return " / ".join(written(number(run)) for _, number, _ in MEASURES) + (f" ({note})" if note else "")


def single_section(peers, single):
    load = load_name(SINGLE_PER_S, SINGLE_CLIENTS)
    rows = [("Carillon", single), *((each["title"], run) for each, run in rivals_by_http(peers))]
    return ["", f"### {load}, one event per request", "",
            "In the table above Carillon's publisher puts several events into one request when it is late. Here it sends one event "
            "per request over one connection, as it does to every other server with an HTTP API (measured with the row "
            "`publish`).", "", f"| | {' | '.join(name for name, _, _ in MEASURES)} |", "|---|" + "---|" * len(MEASURES),
            *(f"| {title} | {' | '.join(written(number(run)) for _, number, _ in MEASURES)} |" for title, run in rows)]


def section(results, pictures):
    peers = peers_of(results)
    lines = ["## Carillon and others", ""]
    if not peers or peers[0]["peer"] != OURS:
        return "\n".join([*lines, "Not measured.", ""])
    lines += [f"Each cell: {' / '.join(name for name, _, _ in MEASURES)}. Memory is resident bytes per connection. All have "
              "one core, the same events and the same clients; versions and settings are listed with each row below. A server "
              "that cannot keep up is measured for twice the load's time plus 5 s: its rate is what arrived by then, divided by "
              "that time, and events that had not arrived are in no p99.", "",
              "| | " + " | ".join(load_name(per_s, clients) for clients, per_s in loads_of(peers)) + " | memory |",
              "|---|" + "---|" * (len(loads_of(peers)) + 1)]
    for each in peers:
        cells = [cell(run_of(each, clients, per_s)) for clients, per_s in loads_of(peers)]
        lines.append(f"| {each['title']} | " + " | ".join(cells) + f" | {written(bytes_a_connection(each['runs']))} B |")
    lines += ["", "| load | | |", "|---|---|---|"]
    lines += [f"| {each.what} | {amount(each)} | {each.note} |" for each in figures(results)]
    lines += ["", *(f"![{name.replace('-', ': ')}](benchmarks/{name}.svg)" for name in pictures)]
    single = single_of(results)
    lines += single_section(peers, single) if single else []
    lines += ["", "### Where another is better", ""]
    lines += [f"- {each}" for each in better_ones(peers, single)] or ["Nowhere in this table."]
    absent = [f"- {result['row'].removeprefix('peer-')}: {result['status']}: {result['reason']}"
              for result in results.values()
              if result["row"].startswith("peer-") and result["status"] != store.MEASURED]
    return "\n".join([*lines, "", *([*("Not measured:", ""), *absent, ""] if absent else [])])
