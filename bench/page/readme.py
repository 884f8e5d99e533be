"""The README's table of figures: what it quotes, it quotes from the page."""

from .words import amount

BEGIN, END = "<!-- figures: written by bench/run -->", "<!-- end of figures -->"


def table(figures):
    lines = ["| work | Carillon | |", "|---|---|---|"]
    lines += [f"| {figure.what} | {amount(figure)} | {figure.note} |" for figure in figures if figure.quoted]
    return "\n".join(lines)


def with_figures(text, figures):
    """The README with its table made anew; ValueError when its marks are gone."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{table(figures)}\n{END}{tail}"


def quotes(text):
    """[(what, amount)] of the README's table."""
    block = text.partition(BEGIN)[2].partition(END)[0]
    rows = [line.strip("| ").split(" | ") for line in block.strip().splitlines()[2:]]
    return [(row[0], row[1]) for row in rows]
