"""Runs every query of the dashboards in a Prometheus that scrapes a router under load, and draws what came back.

    check.py http://127.0.0.1:9090 DIRECTORY

Ends with 1 when Prometheus refuses a query, or has no data for one that should have some. The pictures are ours,
drawn with matplotlib: they show the data and the layout, not how Grafana looks.
"""

import json
import math
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from boards import BOARDS

WINDOW_S, STEP_S, RATE_INTERVAL = 60, 2, "10s"
VARIABLES = {"$namespace": "trading", "$job": "onefill", "$pod": "onefill-0", "$__rate_interval": RATE_INTERVAL}
COLOURS = {"green": "#2e8b57", "yellow": "#e0a83a", "red": "#c0392b"}


def ask(prometheus, expression, end):
    """The series of an expression over the last minute: labels and points. Raises what Prometheus says."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    given = {"query": expression, "start": end - WINDOW_S, "end": end, "step": STEP_S}
    address = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(given)}"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise ValueError(json.load(error).get("error", str(error))) from error
    points = lambda one: [(at - end, float(value)) for at, value in one["values"]]
    found = [(one["metric"], [(at, value) for at, value in points(one) if math.isfinite(value)]) for one in result]
    return [(labels, points) for labels, points in found if points]


def name(legend, labels):
    for label in labels:
        legend = legend.replace("{{" + label + "}}", labels[label])
    return legend


def shown(unit, value):
    if unit == "percentunit":
        return f"{100 * value:.1f} %"
    if unit == "s":
        return f"{1000 * value:.0f} ms" if abs(value) < 1 else f"{value:.1f} s"
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    text = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
    return text + (" /s" if unit == "cps" else "")


def draw_stat(axes, panel, series):
    axes.axis("off")
    if series:
        axes.text(0.5, 0.5, shown(panel.unit, series[0][1][-1][1]), ha="center", va="center", fontsize=17, weight="bold")


def draw_heatmap(axes, series):
    bounds = sorted(((float(labels["le"]), points) for labels, points in series if labels["le"] != "+Inf"), key=lambda one: one[0])
    before = {}
    grid = []
    for _, points in bounds:
        now = dict(points)
        grid.append([max(0, now[at] - before.get(at, 0)) for at in sorted(now)])
        before = now
    width = min(map(len, grid))
    axes.imshow([row[-width:] for row in grid], aspect="auto", origin="lower", cmap="Blues", extent=(-WINDOW_S, 0, 0, len(grid)))
    axes.set_yticks(range(1, len(bounds) + 1, 3), [shown("s", bound) for bound, _ in bounds[::3]], fontsize=6)


def draw_timeline(axes, panel, series):
    for row, (legend, points) in enumerate(series):
        for at, value in points:
            axes.barh(row, STEP_S, left=at, height=0.8, color=COLOURS[panel.states[str(int(value))][1]])
    axes.set_yticks(range(len(series)), [legend for legend, _ in series], fontsize=6)


def draw_series(axes, panel, series):
    if panel.stacked and len({tuple(at for at, _ in points) for _, points in series}) == 1 and series:
        times = [at for at, _ in series[0][1]]
        axes.stackplot(times, [[value for _, value in points] for _, points in series], labels=[one for one, _ in series], alpha=0.75)
    else:
        for legend, points in series:
            axes.plot(*zip(*points), label=legend, linewidth=1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: shown(panel.unit, value))
    if series:
        axes.legend(fontsize=5, loc="upper left", ncols=2, frameon=False)


def draw(board, answers, target):
    panels = [panel for row in board.rows for panel in row.panels]
    columns = 3
    figure, grid = plt.subplots(math.ceil(len(panels) / columns), columns, squeeze=False,
                                figsize=(13, 2.1 * math.ceil(len(panels) / columns)), layout="constrained")
    for axes in grid.flat[len(panels):]:
        axes.axis("off")
    for axes, panel in zip(grid.flat, panels):
        raw = [(query, labels, points) for query, found in answers[panel.title] for labels, points in found]
        series = [(name(query.legend, labels), points) for query, labels, points in raw]
        axes.set_title(panel.title, fontsize=8, loc="left", weight="bold")
        axes.tick_params(labelsize=6)
        if panel.kind == "stat":
            draw_stat(axes, panel, series)
        elif not series:
            axes.axis("off")
            axes.text(0.5, 0.5, "no data in this run", ha="center", va="center", fontsize=7, color="grey")
        elif panel.kind == "heatmap":
            draw_heatmap(axes, [(labels, points) for _, labels, points in raw])
        elif panel.kind == "timeline":
            draw_timeline(axes, panel, series)
        else:
            draw_series(axes, panel, series)
    figure.suptitle(f"{board.title}: a preview drawn by make dashboards-check from the data that Prometheus scraped; not Grafana",
                    fontsize=9)
    target.mkdir(parents=True, exist_ok=True)
    figure.savefig(target / f"{board.file}.png", dpi=110)
    plt.close(figure)


def main():
    prometheus, target = sys.argv[1], Path(sys.argv[2])
    end, asked, quiet, faults = time.time(), 0, [], []
    for board in BOARDS:
        answers = {}
        for panel in (panel for row in board.rows for panel in row.panels):
            answers[panel.title] = []
            for query in panel.queries:
                asked += 1
                try:
                    found = ask(prometheus, query.promql(), end)
                except ValueError as error:
                    faults.append(f"{board.file}: '{panel.title}': refused: {error}: {query.promql()}")
                    continue
                answers[panel.title].append((query, found))
                if not found and query.quiet is None:
                    faults.append(f"{board.file}: '{panel.title}': no data: {query.promql()}")
                elif not found:
                    quiet.append(f"{board.file}: '{panel.title}': no data, since {query.quiet}")
        draw(board, answers, target)
    for line in quiet + faults:
        print(line)
    print(f"{asked} queries: {asked - len(quiet) - len(faults)} with data, {len(quiet)} that may have none, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
