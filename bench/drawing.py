"""Distributions of latencies as SVG, for light and dark pages."""

from html import escape
from math import ceil, floor, log10

from measure import DURATION, quantile

LEFT, WIDTH, RIGHT = 170, 560, 20
TOP, ROW, FOOT = 34, 54, 26
BINS = 140
COLOURS = ("#0a7d5a", "#b5532d", "#5b62c4", "#8a6d1d", "#96447f", "#4a7a96")
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.grid { stroke: #59636e; stroke-opacity: .25 }
.mark { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9198a1 } .mark { stroke: #e6edf3 }
  .shape { filter: brightness(1.6) }
}
</style>"""


def binned(latencies, low, high):
    """Shares of the largest bin, on a logarithmic axis."""
    bins = [0] * BINS
    for seconds, count in latencies:
        place = (log10(max(seconds, 1e-9)) - low) / (high - low)
        bins[min(BINS - 1, max(0, int(place * BINS)))] += count
    return [count / max(bins) for count in bins]


def shape(latencies, low, high, base, colour):
    step = WIDTH / BINS
    points = [f"{LEFT:.1f},{base}"]
    for i, share in enumerate(binned(latencies, low, high)):
        y = base - share * (ROW - 16)
        points += [f"{LEFT + i * step:.1f},{y:.1f}", f"{LEFT + (i + 1) * step:.1f},{y:.1f}"]
    points.append(f"{LEFT + WIDTH:.1f},{base}")
    return (f'<polygon class="shape" fill="{colour}" fill-opacity=".75" '
            f'points="{" ".join(points)}"/>')


def marks(latencies, low, high, base):
    """The median and the 99th percentile, as strokes below the shape."""
    drawn = []
    for part in (0.5, 0.99):
        x = LEFT + (log10(max(quantile(latencies, part), 1e-9)) - low) / (high - low) * WIDTH
        drawn.append(f'<path class="mark" d="M{x:.1f} {base - 4}v8"/>')
    return "".join(drawn)


def grid(low, high, bottom):
    drawn = []
    for decade in range(low, high + 1):
        x = LEFT + (decade - low) / (high - low) * WIDTH
        drawn.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
                     f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">'
                     f'{DURATION.write(10.0 ** decade)}</text>')
    return "".join(drawn)


def draw(title, latencies):
    """One row for each of {name: [[seconds, count], ...]}, on one axis of time."""
    low = floor(log10(max(min(found[0][0] for found in latencies.values()), 1e-7)))
    high = ceil(log10(max(found[-1][0] for found in latencies.values()) * 1.02))
    high = max(high, low + 1)
    bottom = TOP + ROW * len(latencies)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{LEFT + WIDTH + RIGHT}" '
             f'height="{bottom + FOOT}" viewBox="0 0 {LEFT + WIDTH + RIGHT} {bottom + FOOT}">',
             f"<title>{escape(title)}</title>", STYLE,
             f'<text x="0" y="16" font-weight="600">{escape(title)}</text>', grid(low, high, bottom)]
    for number, (name, found) in enumerate(latencies.items()):
        base = TOP + ROW * (number + 1) - 8
        times = ", ".join(f"{label} {DURATION.write(quantile(found, part))}"
                          for label, part in (("p50", 0.5), ("p99", 0.99)))
        parts += [shape(found, low, high, base, COLOURS[number % len(COLOURS)]),
                  marks(found, low, high, base),
                  f'<text x="0" y="{base - 16}">{escape(name)}</text>',
                  f'<text class="small" x="0" y="{base - 1}">{times}</text>']
    return "\n".join([*parts, "</svg>\n"])
