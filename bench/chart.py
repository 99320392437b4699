"""The chart of bench/compare as SVG: a row of bars for each figure, each bar so many times as long as ours is good."""
import html
import math

from figures import ROWS, read_row

COLOURS = {"understudy": "#c0392b", "nsd": "#2c7fb8", "knot": "#7fcdbb", "bind": "#8c6bb1", "powerdns": "#fe9929"}
LEFT, WIDTH, BAR, GAP, TOP = 310, 430, 11, 12, 58


def _cost(row, value):
    """What is little when it is good."""
    return 1 / value if row.more_is_better else value


def _rows(figures):
    for row in ROWS:
        values = {k: v for k, v in read_row(row, figures).items() if v > 0}
        if "understudy" in values and len(values) > 1:
            ours = _cost(row, values["understudy"])
            yield row, values, {k: _cost(row, v) / ours for k, v in values.items()}


def draw(figures, names, title):
    """Text of the SVG; the scale is logarithmic, 1 is Understudy."""
    rows = list(_rows(figures))
    low = min(0.0, *(math.log10(t) for _, _, times in rows for t in times.values()))
    high = max(1.0, *(math.log10(t) for _, _, times in rows for t in times.values()))
    at = lambda times: LEFT + (math.log10(times) - low) / (high - low) * WIDTH
    parts, y = [], TOP
    for row, values, times in rows:
        parts.append(f'<text x="{LEFT - 10}" y="{y + BAR * len(values) / 2 + 4}" text-anchor="end">{html.escape(row.text)}</text>')
        for kind, ratio in times.items():
            begin, end = sorted((at(1), at(ratio)))
            parts.append(f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 2):.1f}" height="{BAR - 2}" '
                         f'fill="{COLOURS[kind]}"/>')
            parts.append(f'<text class="s" x="{max(end, at(1)) + 5:.1f}" y="{y + BAR - 3}">{row.form.format(values[kind])}</text>')
            y += BAR
        y += GAP
    grid = "".join(f'<line x1="{at(10 ** n):.1f}" x2="{at(10 ** n):.1f}" y1="{TOP - 6}" y2="{y}" stroke="#ccc"/>'
                   f'<text class="s" x="{at(10 ** n):.1f}" y="{TOP - 10}" text-anchor="middle">{10 ** n:g}x</text>'
                   for n in range(math.ceil(low), math.floor(high) + 1))
    legend, x = "", LEFT
    for kind in figures:
        legend += (f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS[kind]}"/>'
                   f'<text class="s" x="{x + 14}" y="35">{html.escape(names[kind])}</text>')
        x += 30 + 7 * len(names[kind])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 90}" height="{y + 6}" '
            'font-family="sans-serif" font-size="12"><style>.s{font-size:10px;fill:#444}</style>'
            f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-size="14">{html.escape(title)}</text>'
            f'{legend}{grid}{"".join(parts)}</svg>\n')
