"""What the cases found: figures of one run, and how they did in several runs in a row."""

import statistics


class Figure:
    """One number of one case, and what it must be."""

    def __init__(self, case, form, most=None, least=None):
        self.case, self.form, self.most, self.least, self.values = case, form, most, least, []

    def holds(self, value):
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def wanted(self):
        if self.most is not None:
            return f"at most {self.most:g}"
        return f"at least {self.least:g}" if self.least is not None else ""

    def held(self):
        held = sum(self.holds(value) for value in self.values)
        if self.most is None and self.least is None:
            return ""
        if held == len(self.values):
            return "yes"
        return "no" if held == 0 else f"in {held} of {len(self.values)} runs"


class Table:
    """The figures of all runs, in the order of the cases."""

    def __init__(self):
        self.figures, self.rates, self.grid = {}, [], {}

    def add(self, case, value, form="{:.2f}", most=None, least=None):
        figure = self.figures.setdefault(case, Figure(case, form, most, least))
        figure.values.append(value)
        missed = "" if figure.holds(value) else f", WANTED {figure.wanted()}"
        print(f"{case}: {form.format(value)}{missed}", flush=True)

    def add_seconds(self, images, delay, who, seconds):
        """Seconds for so many images; `None` where it was not measured."""
        self.grid.setdefault((images, delay), {}).setdefault(who, []).append(seconds)
        print(f"{images} images, {delay} ms, {who}: {seconds:.3f} s", flush=True)

    def all_hold(self):
        return all(figure.holds(value) for figure in self.figures.values() for value in figure.values)

    def rows(self):
        yield "| case | least | median | most | must be | holds |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for figure in self.figures.values():
            values = [min(figure.values), statistics.median(figure.values), max(figure.values)]
            shown = " | ".join(figure.form.format(value) for value in values)
            yield f"| {figure.case} | {shown} | {figure.wanted()} | {figure.held()} |"

    def seconds(self):
        yield "| images | delay | cold | warm | notation, `xargs -P10` | notation to cold | notation to warm |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for (images, delay), found in self.grid.items():
            middle = {who: statistics.median(values) for who, values in found.items()}
            theirs, mark = middle.get("notation"), ""
            if theirs is None:
                # As many processes take as many times as long.
                of = max(known for known, other in self.grid if other == delay and "notation" in self.grid[known, other])
                theirs, mark = statistics.median(self.grid[of, delay]["notation"]) * images / of, " (extrapolated)"
            cold, warm = middle["cold"], middle["warm"]
            yield (
                f"| {images:,} | {delay} ms | {cold:.3f} s | {warm:.3f} s | {theirs:.2f} s{mark} "
                f"| {theirs / cold:.1f} | {theirs / warm:.1f} |"
            )
