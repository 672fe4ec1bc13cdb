"""Draws images a second against the delay of a request, a line for each number of images at a time."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 60, 110, 20, 45
COLOURS = ["#8c6bb1", "#3182bd", "#31a354"]


def write_figure(path, rates):
    """`rates` has delay in milliseconds, images at a time, images a second."""
    if not rates:
        return
    delays = sorted({delay for delay, _, _ in rates})
    most = max(rate for _, _, rate in rates)
    across = lambda delay: LEFT + (WIDTH - LEFT - RIGHT) * delays.index(delay) / max(1, len(delays) - 1)
    up = lambda rate: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for step in range(5):
        rate = most * step / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(rate):.0f}" y2="{up(rate):.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{up(rate) + 4:.0f}" text-anchor="end">{rate:.0f}</text>')
    for delay in delays:
        parts.append(f'<text x="{across(delay):.0f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{delay} ms</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">delay of each request</text>')
    for colour, at_once in zip(COLOURS, sorted({at_once for _, at_once, _ in rates})):
        points = [(across(delay), up(rate)) for delay, of, rate in sorted(rates) if of == at_once]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = points[-1]
        parts.append(f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{at_once} at a time</text>')
    parts.append("</svg>\n")
    path.write_text("\n".join(parts))
