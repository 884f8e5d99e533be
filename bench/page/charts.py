"""Bars as SVG, readable on a light and on a dark page, without any library.

    bars(title, unit, [Bar(label, value, kind)], log)
"""

import dataclasses
import math
from xml.sax.saxutils import escape

from harness.figures import written

WIDTH, LABEL_WIDTH, VALUE_WIDTH = 760, 250, 110
BAR_HEIGHT, GAP, TOP, BOTTOM = 20, 8, 44, 14
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.value { font-variant-numeric: tabular-nums }
.ours { fill: #0969da } .floor { fill: #8c959f } .other { fill: #bc8cff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #58a6ff } .floor { fill: #6e7681 } .other { fill: #8957e5 }
}
"""


@dataclasses.dataclass(frozen=True)
class Bar:
    label: str
    value: float
    kind: str = "ours"  # ours, floor or other: a class of STYLE


def lengths(values, room, log):
    """Of the bars, in pixels. A logarithmic axis begins a little below the least value, so that it has a bar too."""
    most = max(values)
    if not log:
        return [room * value / most if most else 0 for value in values]
    low = math.log10(min(values) / 2)
    return [room * (math.log10(value) - low) / (math.log10(most) - low) for value in values]


def bars(title, unit, rows, log=False):
    """At least one bar; on a logarithmic axis only values above 0."""
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    height = TOP + len(rows) * (BAR_HEIGHT + GAP) + BOTTOM
    axis = ", logarithmic" if log else ""
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
             f'role="img" aria-label="{escape(title)}">', f"<style>{STYLE}</style>",
             f'<text class="title" x="8" y="24">{escape(title)} ({escape(unit)}{axis})</text>']
    for number, (row, length) in enumerate(zip(rows, lengths([row.value for row in rows], room, log))):
        top = TOP + number * (BAR_HEIGHT + GAP)
        lines += [f'<text x="{LABEL_WIDTH - 8}" y="{top + 15}" text-anchor="end">{escape(row.label)}</text>',
                  f'<rect class="{row.kind}" x="{LABEL_WIDTH}" y="{top}" width="{max(1, length):.1f}" '
                  f'height="{BAR_HEIGHT}" rx="2"/>',
                  f'<text class="value" x="{LABEL_WIDTH + length + 8:.1f}" y="{top + 15}">{written(row.value)}</text>']
    return "\n".join([*lines, "</svg>", ""])
