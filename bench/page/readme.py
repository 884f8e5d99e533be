"""The README's table of figures: a few of the page's figures, in words that need no knowledge of the benchmark."""

import dataclasses
from collections.abc import Callable

from .words import amount

BEGIN, END = "<!-- figures: written by bench/run -->", "<!-- end of figures -->"


def overhead(figure):
    """How much more than the bare loop, from the bare loop's share of Carillon's cost."""
    return f"{max(0, round(100 / figure.value - 100))} %"


def excess(figure):
    """How much above 1."""
    return f"{max(0, round(100 * figure.value - 100))} %"


def millions_per_second(figure):
    return f"{figure.value / 1e6:.1f} million per second"


def times(figure):
    return f"{figure.value:.1f} times as many"


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the README: its words, and the figure of the page that it quotes, by name."""

    words: str
    figure: str
    shown: Callable = amount


LINES = (
    Line("CPU overhead over a bare `send()` loop, 1 event to 10,000 clients",
         "1 event → 10,000 clients: CPU of a bare loop / CPU of Carillon", overhead),
    Line("the same with 16 events waiting for each client",
         "16 events pending → 10,000 clients: CPU of a bare loop / CPU of Carillon", overhead),
    Line("deliveries to 10,000 clients from one core, at 500 events per second",
         "500 events/s × 10,000: deliveries", millions_per_second),
    Line("compared with the fastest of seven other servers on that load",
         "500/s × 10,000: deliveries/s relative to the best peer", times),
    Line("from HTTP publish to 1,000 clients, 1,000 events per second: median time",
         "1,000/s × 1,000, publish API: p50"),
    Line("99th percentile of that time for readers when others stop reading: increase",
         "p99 of the clients that read, relative to a run without stalled clients", excess),
    Line("memory of an idle connection in the gateway", "idle connection, one shared identity"),
    Line("memory of an idle connection over TLS, nearly all of it OpenSSL's", "idle connection over TLS"),
    Line("new connections per second with a signed token, relative to a bare server",
         "connects/s with HS256, relative to a bare server", lambda figure: f"{figure.value:.1f} times as many"),
)


def table(figures, lines=LINES):
    """A line whose figure was not measured is left out."""
    by_name = {figure.what: figure for figure in figures}
    found = [f"| {line.words} | {line.shown(by_name[line.figure])} |" for line in lines if line.figure in by_name]
    return "\n".join(["| what | Carillon |", "|---|---|", *found])


def with_figures(text, figures, lines=LINES):
    """The README with its table made anew; ValueError when its marks are gone."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{table(figures, lines)}\n{END}{tail}"
