"""How a figure and its target are written."""

from harness.figures import written


def amount(figure):
    return f"{written(figure.value)} {figure.unit}".strip()


def target_of(figure):
    sign = "≥" if figure.target.bound == "at least" else "≤"
    return f"{sign} {written(figure.target.value)} {figure.unit}".strip()
