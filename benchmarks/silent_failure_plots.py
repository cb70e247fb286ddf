"""Charts of the detection-power document, as plain SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Point = tuple[float, float]

STYLES = {
    "suite": ("#1a5fb4", 2.4, ""),
    "Pandera schema": ("#8a6d00", 1.4, "5 3"),
    "three sigma": ("#b5413b", 1.4, "2 2"),
    "PSI > 0.2": ("#6b7280", 1.4, "8 3 2 3"),
}
"""Colour, width and dashes of each line; dashes too, for those who do not see the colours."""

INK, FAINT, PAPER = "#1f2328", "#d0d7de", "#ffffff"
PANEL_W, PANEL_H, GAP_X, GAP_Y = 148, 70, 40, 48
COLUMNS = 5
LEFT, TOP = 44, 70


def recall_chart(panels: Mapping[str, Mapping[str, Sequence[Point]]], shares: Sequence[float]) -> str:
    """Recall over the share of faulty rows, a panel a class.

    Args:
        panels: By class, by method: (share, recall).
        shares: Of the axis, which is logarithmic.
    """
    rows = math.ceil(len(panels) / COLUMNS)
    width = LEFT + COLUMNS * (PANEL_W + GAP_X)
    height = TOP + rows * (PANEL_H + GAP_Y) + 18
    low, high = math.log(shares[0]), math.log(shares[-1])
    parts = [_text(LEFT, 18, "Recall by share of faulty rows, 2,000 rows a day", 13, weight="600"), _legend(LEFT, 38)]
    for place, (name, lines) in enumerate(panels.items()):
        x0, y0 = LEFT + place % COLUMNS * (PANEL_W + GAP_X), TOP + place // COLUMNS * (PANEL_H + GAP_Y)
        parts.append(_text(x0, y0 - 9, name, 10, weight="600"))
        for level in (0, 0.5, 1):
            y = y0 + PANEL_H * (1 - level)
            parts.append(_line([(x0, y), (x0 + PANEL_W, y)], FAINT, 0.8))
            if place % COLUMNS == 0:
                parts.append(_text(x0 - 5, y + 3, f"{level:g}", 9, anchor="end"))
        for share in shares:
            x = x0 + PANEL_W * (math.log(share) - low) / (high - low)
            parts.append(_line([(x, y0 + PANEL_H), (x, y0 + PANEL_H + 3)], INK, 0.8))
            if share in (shares[0], 0.005, 0.05, shares[-1]):
                parts.append(_text(x, y0 + PANEL_H + 13, f"{share * 100:g}%", 8.5, anchor="middle"))
        for number, method in enumerate(STYLES):
            # A little apart, so that lines of equal values are all seen.
            points = [
                (x0 + PANEL_W * (math.log(share) - low) / (high - low), y0 + PANEL_H * (1 - value) + 1.8 * number)
                for share, value in lines.get(method, ())
            ]
            colour, thick, dashes = STYLES[method]
            parts.append(_line(points, colour, thick, dashes))
            if method == "suite":
                parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>' for x, y in points]
    return _svg(width, height, parts, "Recall of the suite and of three baselines by fault class and share")


def alarm_chart(sizes: Sequence[int], shares: Mapping[str, Sequence[tuple[float, float, float]]]) -> str:
    """False alarms by size.

    Args:
        sizes: Rows a day.
        shares: By method, for each size: share, low and high end of its interval.
    """
    bar, between, high = 36, 46, 160
    group = bar * len(shares) + between
    width, y0 = LEFT + group * len(sizes) + 10, TOP + 10
    parts = [_text(LEFT, 18, "Clean partitions with an alarm, 95% intervals", 13, weight="600")]
    parts.append(_legend(LEFT, 38, boxes=True))
    for level in (0, 0.25, 0.5, 0.75, 1):
        y = y0 + high * (1 - level)
        parts += [
            _line([(LEFT, y), (width - 10, y)], FAINT, 0.8),
            _text(LEFT - 5, y + 3, f"{level:.0%}", 9, anchor="end"),
        ]
    for place, size in enumerate(sizes):
        x0 = LEFT + between / 2 + place * group
        for number, (method, found) in enumerate(shares.items()):
            share, low, top = found[place]
            x = x0 + number * bar
            colour = STYLES[method][0]
            parts.append(
                f'<rect x="{x:.1f}" y="{y0 + high * (1 - share):.1f}" width="{bar - 8}"'
                f' height="{max(1.0, high * share):.1f}" fill="{colour}"/>'
            )
            middle = x + (bar - 8) / 2
            parts.append(_line([(middle, y0 + high * (1 - low)), (middle, y0 + high * (1 - top))], INK, 1))
            parts.append(_text(middle, y0 + high * (1 - top) - 4, f"{share * 100:.1f}%", 8.5, anchor="middle"))
        parts.append(_text(x0 + (group - between) / 2 - 4, y0 + high + 16, f"{size:,} rows", 10, anchor="middle"))
    return _svg(width, y0 + high + 30, parts, "False alarms of the suite and of three baselines by size")


def decay_chart(days: Sequence[int | None], steady: Sequence[int | None], total: int, lost: Sequence[float]) -> str:
    """Share of decays that were found by a day, and of enrichments that do not decay and had an alarm.

    Args:
        days: First day of an alarm of each decay; None where there was none.
        steady: The same of enrichments that do not decay.
        total: Days.
        lost: Points of accuracy lost by each day.
    """
    wide, high, y0 = 460, 170, TOP
    width = LEFT + wide + 150
    parts = [_text(LEFT, 18, "Slow decay, 92% to 84% over 90 days: found by the golden rows", 13, weight="600")]
    for level in (0, 0.5, 1):
        y = y0 + high * (1 - level)
        parts += [
            _line([(LEFT, y), (LEFT + wide, y)], FAINT, 0.8),
            _text(LEFT - 5, y + 3, f"{level:.0%}", 9, anchor="end"),
        ]
    for points in (0, 2, 4, 6, 8):
        day = next(n for n, one in enumerate(lost) if one >= points - 1e-9)
        x = LEFT + wide * day / (total - 1)
        colour = "#b5413b" if points == 4 else FAINT
        parts.append(_line([(x, y0), (x, y0 + high)], colour, 1, "3 3" if points == 4 else ""))
        parts.append(_text(x, y0 + high + 14, f"day {day}", 9, anchor="middle"))
        parts.append(_text(x, y0 + high + 26, f"{points} points lost", 9, anchor="middle"))
    for found, name, colour, dashes in (
        (days, f"decays ({len(days)})", STYLES["suite"][0], ""),
        (steady, f"no decay ({len(steady)})", STYLES["PSI > 0.2"][0], "5 3"),
    ):
        if not found:
            continue
        steps: list[Point] = []
        for day in range(total):
            share = sum(one is not None and one <= day for one in found) / len(found)
            x, y = LEFT + wide * day / (total - 1), y0 + high * (1 - share)
            steps += [(x, steps[-1][1]), (x, y)] if steps else [(x, y)]
        parts += [_line(steps, colour, 2.2, dashes), _text(LEFT + wide + 8, steps[-1][1] + 3, name, 10)]
    return _svg(width, y0 + high + 40, parts, "Share of slow decays found by day")


def _percent(y: float, level: float) -> str:
    return _text(LEFT - 5, y + 3, f"{level:.0%}", 9, anchor="end")


def _legend(x: float, y: float, *, boxes: bool = False) -> str:
    parts = []
    for name, (colour, thick, dashes) in STYLES.items():
        if boxes:
            parts.append(f'<rect x="{x}" y="{y - 9}" width="14" height="10" fill="{colour}"/>')
        else:
            parts.append(_line([(x, y - 4), (x + 24, y - 4)], colour, thick, dashes))
        parts.append(_text(x + (19 if boxes else 29), y, name, 10))
        x += 34 + (6.2 if not boxes else 6.0) * len(name)
    return "".join(parts)


def _line(points: Sequence[Point], colour: str, thick: float, dashes: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"{dashed}/>'


def _text(x: float, y: float, said: str, size: float, *, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
        f' fill="{INK}">{escape(said)}</text>'
    )


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" font-family="system-ui, -apple-system, sans-serif" role="img">'
    )
    paper = f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="{PAPER}"/>'
    return "\n".join([head, paper, *parts, "</svg>"]) + "\n"
