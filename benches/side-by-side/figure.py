"""Draws images a second: against the delay of a request, a line for each number of images at a time; and against that number, a line
for each delay."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 60, 110, 20, 45
COLOURS = ["#8c6bb1", "#3182bd", "#31a354", "#d95f0e", "#636363", "#c51b8a"]


def write_figure(path, rates):
    """`rates` has delay in milliseconds, images at a time, images a second; the same pair once for each run."""
    if not rates:
        return
    found = {}
    for delay, at_once, rate in rates:
        found.setdefault((delay, at_once), []).append(rate)
    middle = {pair: sorted(values)[len(values) // 2] for pair, values in found.items()}
    most = max(middle.values())
    by_delay = [(delay, at_once, rate) for (delay, at_once), rate in middle.items()]
    by_number = [(at_once, delay, rate) for (delay, at_once), rate in middle.items()]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {2 * HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{2 * HEIGHT}" fill="white"/>',
        *panel(by_delay, most, "delay of each request", "{} ms", "{} at a time"),
        f'<g transform="translate(0 {HEIGHT})">',
        *panel(by_number, most, "images at a time", "{}", "{} ms"),
        "</g>",
        "</svg>\n",
    ]
    path.write_text("\n".join(parts))


def panel(points, most, title, tick, name):
    """`points` has the place across, the line, and the rate."""
    places = sorted({place for place, _, _ in points})
    across = lambda place: LEFT + (WIDTH - LEFT - RIGHT) * places.index(place) / max(1, len(places) - 1)
    up = lambda rate: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / most
    for step in range(5):
        rate = most * step / 4
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(rate):.0f}" y2="{up(rate):.0f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{up(rate) + 4:.0f}" text-anchor="end">{rate:.0f}</text>'
    for place in places:
        yield f'<text x="{across(place):.0f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick.format(place)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{title}</text>'
    for colour, line in zip(COLOURS, sorted({line for _, line, _ in points})):
        ends = [(across(place), up(rate)) for place, of, rate in sorted(points) if of == line]
        joined = " ".join(f"{x:.0f},{y:.0f}" for x, y in ends)
        yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
        x, y = ends[-1]
        yield f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{name.format(line)}</text>'
