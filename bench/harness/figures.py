"""Statistics of a few measured values, and how they are written."""

import statistics


def spread_of(values):
    """Median, extremes and quartiles of at least one value."""
    ordered = sorted(values)
    low, high = quartiles(ordered)
    return {"median": statistics.median(ordered), "min": ordered[0], "max": ordered[-1], "low": low, "high": high,
            "count": len(ordered)}


def quartiles(ordered):
    if len(ordered) == 1:
        return ordered[0], ordered[0]
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return low, high


def slope(points):
    """What one more x costs in y, between the first and the last of at least two points."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    return (y1 - y0) / (x1 - x0)


def written(value):
    """About three digits, thousands apart; no more than are known."""
    if isinstance(value, int) and abs(value) < 10_000_000:
        return f"{value:,}"
    size = abs(value)
    if size >= 10_000_000:
        return f"{value / 1e6:,.0f} M"
    if size >= 1_000_000:
        return f"{value / 1e6:.2f} M"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3f}"


def written_spread(spread):
    """Where half of the values lie, and all of them."""
    if spread.get("count", 2) == 1:
        return "one run"
    ends = f"{written(spread['min'])}–{written(spread['max'])}"
    if "low" not in spread:
        return f"all: {ends}"
    return f"{written(spread['low'])}–{written(spread['high'])} (all: {ends})"
