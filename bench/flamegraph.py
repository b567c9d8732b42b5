#!/usr/bin/env python3
"""Draws a flame graph from what `perf script` prints: who calls whom, as wide as it takes time.

    perf record --call-graph dwarf -F 199 -p PID -- sleep 5
    perf script | bench/flamegraph.py > docs/images/million.svg
"""

import html
import re
import sys

WIDTH = 1200
ROW = 16
SMALLEST = 0.5  # pixels


def read_stacks(lines):
    """Yields (thread name, frames from the root on) of each sample."""
    thread, frames = None, []
    for line in lines:
        if not line.strip():
            if thread is not None:
                yield thread, frames[::-1]
            thread, frames = None, []
        elif thread is None:
            thread = re.match(r"\s*(.*?)\s+\d+", line).group(1)
        else:
            name = line.split(None, 1)[1].rsplit(" (", 1)[0].strip()
            frames.append(short(name))


def short(name):
    name = re.sub(r"\+0x[0-9a-f]+$", "", name)
    name = re.sub(r"\(inlined\)", "", name)
    depth, out = 0, []
    for char in name:  # template and call arguments say nothing here
        depth -= char in ">)"
        if depth == 0 and char not in ">)":
            out.append(char)
        depth += char in "<("
    return "".join(out).replace("<", "").replace("(", "").strip() or "?"


def is_noise(frame):
    return frame.startswith(("boost::asio", "std::", "__libc_start", "_start", "[unknown]", "operator")) or frame in (
        "main", "?", "clone3", "start_thread", "do_complete", "invoke", "complete", "resume", "pump")


def grow(tree, frames):
    tree["count"] += 1
    for frame in frames:
        tree = tree["below"].setdefault(frame, {"count": 0, "below": {}})
        tree["count"] += 1


def draw(tree, name, left, row, scale, out):
    width = tree["count"] * scale
    if width < SMALLEST:
        return row
    hue = sum(map(ord, name)) % 40
    title = html.escape(f"{name}: {tree['count'] * scale * 100 / WIDTH:.1f} %")
    out.append(f'<g><title>{title}</title><rect x="{left:.1f}" y="{row * ROW}" width="{width:.1f}" '
               f'height="{ROW - 1}" fill="hsl({hue},80%,65%)"/>')
    room = int(width / 6.2)
    if room > 3:
        out.append(f'<text x="{left + 2:.1f}" y="{row * ROW + 11}">{html.escape(name[:room])}</text>')
    out.append("</g>")
    deepest, x = row, left
    for below, subtree in sorted(tree["below"].items()):
        deepest = max(deepest, draw(subtree, below, x, row + 1, scale, out))
        x += subtree["count"] * scale
    return deepest


def main():
    tree = {"count": 0, "below": {}}
    for thread, frames in read_stacks(sys.stdin):
        grow(tree, [thread] + [frame for frame in frames if not is_noise(frame)])
    if tree["count"] == 0:
        sys.exit("flamegraph.py: no samples in the input: perf script | bench/flamegraph.py")
    out = []
    rows = draw(tree, "all", 0, 0, WIDTH / tree["count"], out) + 1
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {rows * ROW}" '
          f'font-family="sans-serif" font-size="10">')
    print("\n".join(out))
    print("</svg>")


if __name__ == "__main__":
    main()
