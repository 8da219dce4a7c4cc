"""`docs/quality.md`: what runs of the benchmark command found, in tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.runs import Run

HYBRID, POPULARITY = "hybrid", "popularity"
LOWER_IS_BETTER = frozenset({"rmse", "mae"})
NONE = "-"
SIZES = {"users": "users", "items": "items", "train": "train rows", "test": "test rows"}
INTRODUCTION = """# Quality

Written by `make quality`: the product's own models on public research sets and on its generated data, by
`python -m model_trainer benchmark`. Settings and blend weights are chosen on a part of each train file alone, within
the time that `--budget` gives, with one fixed seed; the test file is read once, to score. The whole catalogue is
ranked. NDCG has binary gains, 1/log2(rank + 1), and an ideal cut at min(relevant items, k).

Each command below runs again in the repository's root once the sets are turned into its files:
`python benchmarks/datasets.py SET --data FOLDER --out sets`.
"""


def page(runs: Sequence[Run], sets: Sequence[str]) -> str:
    """Markdown. A set of `sets` without a run is left out with a sentence."""
    by_set = {name: [run for run in runs if run.set == name] for name in sets}
    parts = [INTRODUCTION, _overview({name: own for name, own in by_set.items() if own})]
    parts += [_section(name, own) for name, own in by_set.items() if own]
    absent = [name for name, own in by_set.items() if not own]
    if absent:
        parts.append(f"Left out, as no run of them is kept: {', '.join(absent)}.\n")
    return "\n".join(parts)


def algorithms(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Each algorithm's figures, means over the folds that are `runs`."""
    rows = [run.figures["algorithms"] for run in runs]
    return {
        name: {
            key: fmean(row[name][key] for row in rows)
            for key, value in rows[0][name].items()
            if isinstance(value, int | float) and all(key in row[name] for row in rows)
        }
        for name in rows[0]
        if all(name in row for row in rows)
    }


def best_single(rows: Mapping[str, Mapping[str, float]], metric: str) -> str | None:
    """The best but for the hybrid; None where no algorithm has the metric."""
    single = [name for name, row in rows.items() if name != HYBRID and metric in row]
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return min(single, key=lambda name: sign * rows[name][metric], default=None)


def _overview(by_set: Mapping[str, Sequence[Run]]) -> str:
    rows = []
    for name, runs in by_set.items():
        own, described = algorithms(_own(runs)), runs[0].description
        for metric in described["metrics"]:
            best = best_single(own, metric)
            rows.append(
                [
                    name,
                    metric,
                    _figure(own.get(HYBRID, {}).get(metric)),
                    f"{_figure(own[best][metric])} {best}" if best else NONE,
                    _figure(own.get(POPULARITY, {}).get(metric)),
                    _anchors(described, runs, metric),
                ]
            )
    return _table(["set", "metric", "hybrid", "best single", "popularity", "others"], rows)


def _anchors(described: Mapping[str, Any], runs: Sequence[Run], metric: str) -> str:
    published = {who: figures[metric] for who, figures in described["published"].items() if metric in figures}
    others = {
        f"implicit {model}": row[metric]
        for run in _compared(runs)
        for model, row in algorithms([run]).items()
        if metric in row
    }
    best = max(others, key=lambda name: others[name], default=None)
    if best:
        published[best] = others[best]
    ceiling = described["facts"].get(f"ceiling {metric}")
    if ceiling is not None:
        published["ceiling of the true tastes"] = ceiling
    return ", ".join(f"{who} {_figure(value)}" for who, value in published.items()) or NONE


def _section(name: str, runs: Sequence[Run]) -> str:
    own, compared = _own(runs), _compared(runs)
    parts = [f"## {name}\n", f"{runs[0].description['protocol'][0].upper()}{runs[0].description['protocol'][1:]}.\n"]
    if own:
        parts += [_split(own), _all_figures(own), _lead(own), _settings(own), _made(own)]
    for run in compared:
        parts += ["### implicit's models\n", _all_figures([run]), _grid(run), _settings([run]), _made([run])]
    return "\n".join(part for part in parts if part)


def _split(runs: Sequence[Run]) -> str:
    told = runs[0].figures["dataset"]
    folds = f"{len(runs)} folds, the first of them: " if len(runs) > 1 else ""
    sizes = ", ".join(f"{told[key]:,} {what}" for key, what in SIZES.items())
    cold = f"; {told['cold_users']:,} of the asked users have no row in train" if told["cold_users"] else ""
    return f"{folds}{sizes}{cold}. Validation part: {told['validation']}.\n"


def _all_figures(runs: Sequence[Run]) -> str:
    rows = algorithms(runs)
    found = [key for row in rows.values() for key in row if key not in {"peak_memory_mb", "tried"}]
    metrics = [key for key in dict.fromkeys([*runs[0].description["metrics"], *found]) if key in found]
    head = ["algorithm", *metrics, "tune s", "fit s", "recommend s", "peak MB"]
    lines = [
        [name, *(_figure(row.get(metric)) for metric in metrics), *_costs(runs, name), f"{row['peak_memory_mb']:.0f}"]
        for name, row in rows.items()
    ]
    return _table(head, lines)


def _costs(runs: Sequence[Run], name: str) -> list[str]:
    seconds = [run.figures["algorithms"][name]["seconds"] for run in runs]
    return [f"{fmean(each[step] for each in seconds):.1f}" for step in ("tune", "fit", "recommend")]


def _lead(runs: Sequence[Run]) -> str:
    leads = [(run.fold, run.figures["algorithms"].get(HYBRID, {}).get("over_best_single")) for run in runs]
    sentences = []
    for fold, lead in leads:
        if lead:
            metric = next(key for key in lead if key != "algorithm")
            low, high, by = (lead[metric][key] for key in ("low", "high", "difference"))
            where = f"{fold}: " if fold else ""
            sentences.append(f"{where}{by:+.4f} {metric} over {lead['algorithm']}, 95 % within {low:+.4f}..{high:+.4f}")
    return f"The hybrid's lead over the best single algorithm: {'; '.join(sentences)}.\n" if sentences else ""


def _grid(run: Run) -> str:
    tried = {name: row["tried"] for name, row in run.figures["algorithms"].items() if "tried" in row}
    listed = ", ".join(f"{name} {count}" for name, count in tried.items())
    return f"Settings tried on the same validation part: {listed}.\n"


def _settings(runs: Sequence[Run]) -> str:
    lines = ["<details><summary>Fitted settings</summary>\n", "```"]
    for run in runs:
        for name, row in run.figures["algorithms"].items():
            where = f"{run.fold} " if run.fold else ""
            lines.append(f"{where}{name}: {json.dumps(row['settings'], sort_keys=True)}")
    return "\n".join([*lines, "```\n", "</details>\n"])


def _made(runs: Sequence[Run]) -> str:
    """The command, and what it ran on."""
    whole = "".join(f"{run.command}\n" for run in runs)
    took = ", ".join(f"{run.seconds:.0f}" for run in runs)
    on = ", ".join(sorted({f"{run.machine}, commit {run.commit}" for run in runs}))
    return f"```\n{whole}```\n\nTook {took} s on {on}.\n"


def _own(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if "model_trainer" in run.command]


def _compared(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if "model_trainer" not in run.command]


def _figure(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
