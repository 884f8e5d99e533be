"""docs/benchmarks.md from the stored results: the targets first, then each row with all its figures."""

import pathlib

from harness import store
from harness.figures import written_spread
from rows.row import OtherShape

from . import comparison, drawings, readme
from .words import amount, target_of

HEAD = """# Benchmarks

<!-- Written by bench/run from what it measured; `bench/run --page` rewrites it. -->

What Carillon does on one machine, measured by one command that anyone can run:

```sh
bench/run              # builds, measures every row, writes this page; at most an hour
bench/run --quick      # five minutes, to see that it works
bench/run --million    # also a million connections
```

Both ends run on the same machine: the server on core 0, the load generator, the bus and the clients on core 1. Figures are
medians; the spread is the range of the middle half of the values, and of all of them. `--row NAME` measures one row again. The
measurements of each row are JSON files in [benchmarks/results](benchmarks/results), from which this page is written.
[benchmarking.md](benchmarking.md) explains how the load generator counts, and
[where-the-time-goes.md](where-the-time-goes.md) why some targets are missed.
"""


def write(folder, rows, results):
    """Writes the page and returns its path. Rows without a result are listed as such."""
    folder = pathlib.Path(folder)
    charts = folder / "benchmarks"
    charts.mkdir(parents=True, exist_ok=True)
    for name, picture in drawings.of(results).items():
        (charts / f"{name}.svg").write_text(picture)
    page = folder / "benchmarks.md"
    page.write_text(text_of(rows, results))
    return page


def quote(file, rows, results):
    """The README's table, of the same figures."""
    file.write_text(readme.with_figures(file.read_text(), all_figures(readable(rows, results), results)))


def all_figures(sections, results):
    return [figure for _, _, figures in sections for figure in figures] + list(comparison.figures(results))


def text_of(rows, results):
    sections = readable(rows, results)
    judged = [figure for figure in all_figures(sections, results) if figure.target]
    return "\n".join([HEAD, measured_on(results), summary(judged), targets(judged),
                      comparison.section(results, drawings.PEER_NAMES), *(section(*each) for each in sections)])


def measured_on(results):
    """One line per machine, date and commit: a resumed run may have several."""
    places = {}
    for result in results.values():
        place = result["machine"]
        words = (f"{place['cpu']}, {place['cores']} cores, {place['memory_gib']} GiB, Linux {place['kernel']}; "
                 f"{result['date']}, commit {result['commit']}")
        places.setdefault(words, []).append(result["row"])
    if len(places) == 1:
        return f"Measured on {next(iter(places))}.\n"
    return "".join(f"- {', '.join(names)}: {words}\n" for words, names in places.items())


def readable(rows, results):
    """[(row, result, figures)]: a result that cannot be read counts as failed."""
    found = []
    for row in rows:
        result = results.get(row.name)
        figures = []
        if result and result["status"] == store.MEASURED:
            try:
                figures = row.figures_of(result)
            except OtherShape as why:
                result = {**result, "status": store.FAILED, "reason": str(why)}
        found.append((row, result, figures))
    return found


def summary(figures):
    missed = [figure for figure in figures if not figure.target.holds(figure.value)]
    lines = [f"**{len(figures) - len(missed)} of {len(figures)} targets are met.**"]
    if missed:
        lines.append("Not met: " + "; ".join(f"{figure.what} ({amount(figure)}, target {target_of(figure)})"
                                             for figure in missed) + ".")
    return " ".join(lines) + "\n"


def targets(figures):
    lines = ["## Targets", "", "| work | target | figure | spread | verdict |", "|---|---|---|---|---|"]
    for figure in figures:
        verdict = "met" if figure.target.holds(figure.value) else "**missed**"
        spread = written_spread(figure.spread) if figure.spread else "one run"
        lines.append(f"| {figure.what} | {target_of(figure)} | {amount(figure)} | {spread} | {verdict} |")
    return "\n".join([*lines, ""])


def section(row, result, figures):
    lines = [f"## {row.title}", "", f"{row.how} (`bench/run --row {row.name}`)", ""]
    if result is None:
        return "\n".join([*lines, "Not measured.", ""])
    if result["status"] != store.MEASURED:
        return "\n".join([*lines, f"{result['status'].capitalize()}: {result['reason']}", ""])
    if picture := drawings.NAMES.get(row.name):
        lines += [f"![{row.title}](benchmarks/{picture}.svg)", ""]
    lines += ["| | figure | spread | |", "|---|---|---|---|"]
    for figure in figures:
        spread = written_spread(figure.spread) if figure.spread else ""
        lines.append(f"| {figure.what} | {amount(figure)} | {spread} | {figure.note} |")
    return "\n".join([*lines, ""])
