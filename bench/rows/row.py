"""Row and Figure: one thing that is measured, and one number of the page."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Target:
    """`at least` or `at most` so much."""

    bound: str
    value: float

    def holds(self, value):
        return value >= self.value if self.bound == "at least" else value <= self.value


def at_least(value):
    return Target("at least", value)


def at_most(value):
    return Target("at most", value)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number with what it means; without a target it is only reported."""

    what: str
    value: float
    unit: str = ""
    target: Target | None = None
    spread: dict | None = None  # harness/figures.py spread_of(); None: one run
    note: str = ""


def read_back(stored):
    target = stored.get("target")
    return Figure(**{**stored, "target": Target(**target) if target else None})


class OtherShape(Exception):
    """A stored result is not what this version of its row would write."""


@dataclasses.dataclass(frozen=True)
class Row:
    """`measure(bench)` returns what was seen, as JSON; `figures(seen)` picks the numbers of the page out of it."""

    name: str
    title: str
    how: str  # a sentence or two for the page
    measure: Callable
    figures: Callable
    on_demand: bool = False  # only when it is asked for by name

    def figures_of(self, result):
        """All of them, as a list. A result that an older version of the row wrote raises OtherShape. One that was read back from
        the page has its figures instead of what was seen."""
        try:
            if "figures" in result:
                return [read_back(each) for each in result["figures"]]
            return list(self.figures(result["seen"]))
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise OtherShape(f"an older version of this row wrote it ({type(error).__name__}: {error})") from error
