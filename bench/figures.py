"""The rows of bench/compare: how a figure is called, read from the steps' results, and what we want it to be."""
import statistics
from typing import Callable, NamedTuple

MIB = 1 << 20


class Row(NamedTuple):
    text: str
    read: Callable   # the results of one contender -> figure; KeyError when that step was not run
    form: str
    target: str      # in words
    meets: Callable  # (ours, the best peer's, Knot's or None) -> bool
    more_is_better: bool = False


def median(step, key, unit=1):
    return lambda results: statistics.median(r[key] for r in results[step]) / unit


def mean(step, key, unit=1):
    return lambda results: statistics.mean(r[key] for r in results[step]) / unit


def single(step, key, unit=1):
    return lambda results: results[step][key] / unit


def at_most(bound):
    return lambda ours, _best, _knot: ours <= bound


def of_best(ratio):
    return lambda ours, best, _knot: ours <= ratio * best


ROWS = [
    Row("CPU to transfer and serve both, s", single("load", "cpu_s"), "{:.2f}", "0.25 of the best", of_best(0.25)),
    Row("the same, wall, s", single("load", "wall_s"), "{:.2f}", "", None),
    Row("peak memory (RSS) of it, MiB", single("load", "peak_rss", MIB), "{:.0f}", "", None),
    Row("memory after the questions (PSS), MiB", single("asked", "pss", MIB), "{:.0f}", "0.25 of Knot",
        lambda ours, _best, knot: knot is None or ours <= 0.25 * knot),
    Row("restart to first right answers, s", single("restart", "restart_s"), "{:.3f}", "0.05", at_most(0.05)),
    Row("IXFR of 200, NOTIFY to served, ms", median("ixfr", "ms"), "{:.1f}", "4", at_most(4)),
    Row("CPU of it, ms", mean("ixfr", "cpu_ms"), "{:.1f}", "4", at_most(4)),
    Row("query, user CPU, us", median("query", "user_us"), "{:.2f}", "1.0", at_most(1.0)),
    Row("query, user and system CPU, us", median("query", "cpu_us"), "{:.2f}", "7", at_most(7)),
    Row("answers per second", median("query", "qps"), "{:.0f}", "", None, True),
    Row("AXFR out, records per CPU second", median("axfr", "records_per_cpu_s"), "{:.3g}", "1.5 of the best",
        lambda ours, best, _knot: ours >= 1.5 * best, True),
    Row("small zones: first sync, s", single("zones", "sync wall"), "{:.2f}", "0.5", at_most(0.5)),
    Row("CPU of it, s", single("zones", "sync cpu"), "{:.2f}", "1", at_most(1)),
    Row("small zones: restart until all are served, s", single("zones", "restart wall"), "{:.2f}", "0.1", at_most(0.1)),
    Row("small zones: memory (PSS), MiB", single("zones", "sync pss", MIB), "{:.0f}", "15", at_most(15)),
]


def read_row(row, figures):
    """{contender: figure} of those that have one."""
    found = {}
    for kind, results in figures.items():
        try:
            found[kind] = row.read(results)
        except (KeyError, statistics.StatisticsError):
            continue
    return found


def judge(row, values):
    """(ratio of ours to the best peer's or None, whether the target is met or None)."""
    ours = values.get("understudy")
    peers = [v for k, v in values.items() if k != "understudy"]
    if ours is None or not peers:
        return None, None
    best = max(peers) if row.more_is_better else min(peers)
    ratio = ours / best if best else None
    return ratio, row.meets(ours, best, values.get("knot")) if row.meets else None


def text_table(figures, names, versions):
    """Markdown, aligned so that a terminal shows it well too."""
    kinds = list(figures)
    head = ["", *(f"{names[k]} {versions[k]}" for k in kinds), "of the best peer", "target", ""]
    lines = [head]
    for row in ROWS:
        values = read_row(row, figures)
        if not values:
            continue
        ratio, met = judge(row, values)
        lines.append([row.text, *(row.form.format(values[k]) if k in values else "-" for k in kinds),
                      f"{ratio:.2f}" if ratio is not None else "-", row.target, {True: "met", False: "not met", None: ""}[met]])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * w for w in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))) + " |"
                     for line in lines) + "\n"
