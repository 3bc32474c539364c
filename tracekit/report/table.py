"""The report for people: verdict first, then what parts ways, then what was taken for true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from click import style

from tracekit.boot import Boot, SourceInfo
from tracekit.divergence import Divergence, Inference, Severity, lookup
from tracekit.events.base import Source
from tracekit.replay.boot import Replay, check_rows
from tracekit.replay.ledger import Ledger
from tracekit.report.hints import hints

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
VERDICT_COLOURS = {"agrees": "green", "diverges": "red", "incomplete": "yellow"}
MOST_INFERENCES = 12


def render(replay: Replay, notes: bool = False) -> str:
    """Return the report as text with colour codes; ``notes`` spells out every note."""
    parts = [
        _heading(replay),
        _sources(replay.boot),
        _loud(replay),
        _notes(replay, notes),
        _inferences(replay.inferences),
        _checks(replay),
        _hints(replay),
    ]
    return "\n".join(part for part in parts if part)


def _heading(replay: Replay) -> str:
    verdict = style(replay.verdict, fg=VERDICT_COLOURS[replay.verdict], bold=True)
    return f"{verdict}  {_kernel(replay.boot)}\n{_summary(replay)}\n"


def _kernel(boot: Boot) -> str:
    kernel = boot.kernel
    size = f"{kernel.page_size // 1024} KiB pages" if kernel.page_size else "page size unknown"
    return f"Linux {kernel.release or '(unknown release)'}, {kernel.arch or 'unknown arch'}, {size}"


def _summary(replay: Replay) -> str:
    checks = [check for ledger in replay.allocators for check in ledger.checks.values()]
    events = sum(check.events for check in checks)
    checked = sum(check.checked for check in checks)
    matched = sum(check.matched for check in checks)
    if not events:
        return "nothing in this log could be checked against the kernel's rules"
    return f"{matched:,} of {checked:,} checks matched; {checked:,} of {events:,} events checked"


def _sources(boot: Boot) -> str:
    return "\n".join(line for source in boot.sources for line in _source(source)) + "\n"


def _source(source: SourceInfo) -> Iterator[str]:
    unparsed = f", {source.unparsed:,} could not be read" if source.unparsed else ""
    state = "" if source.complete else style(" INCOMPLETE", fg="yellow")
    yield (
        f"    {source.path} ({source.kind}): {source.lines:,} lines, "
        f"{source.recognised:,} recognised{unparsed}{state}"
    )
    for problem in source.problems:
        yield f"        {problem}"


def _loud(replay: Replay) -> str:
    if not replay.loud:
        return ""
    return "\n".join(_divergence(divergence) for divergence in replay.loud)


def _divergence(divergence: Divergence) -> str:
    entry = lookup(divergence.code)
    name = style(f"{divergence.severity} {divergence.code}", fg=COLOURS[divergence.severity])
    lines = [f"{name} {_place(divergence.line)} {entry.title}: {divergence.subject}"]
    rows = [("logged", divergence.logged), ("expected", divergence.simulated)]
    if divergence.explanation != entry.title:
        rows.append(("why", divergence.explanation))
    rows += [("or", alternative) for alternative in divergence.alternatives]
    rows += [("see", _place(source)) for source in divergence.related]
    rows.append(("next", f"{entry.next_step.splitlines()[0]} (tracekit explain {divergence.code})"))
    lines += [f"    {label:9} {text}" for label, text in rows if text]
    return "\n".join(lines) + "\n"


def _place(source: Source) -> str:
    time = f" [{source.time:.6f}]" if source.time is not None else ""
    return f"{source.file}:{source.line}{time}"


def _notes(replay: Replay, spelled_out: bool) -> str:
    notes = [d for d in replay.divergences if d.severity is Severity.NOTE]
    if not notes:
        return ""
    if spelled_out:
        return "\n".join(_divergence(note) for note in notes)
    counts = Counter(note.code for note in notes)
    rows = [f"    {code} x{count}  {lookup(code).title}" for code, count in counts.items()]
    return "\n".join([f"{len(notes)} notes (--notes spells them out)", *rows]) + "\n"


def _inferences(inferences: list[Inference]) -> str:
    if not inferences:
        return ""
    lines = [f"{len(inferences)} inferences (unlogged facts that later lines bear out)"]
    for inference in inferences[:MOST_INFERENCES]:
        place = f"{inference.line.file}:{inference.line.line}"
        lines.append(f"    {inference.kind}: {inference.subject} -- {inference.evidence} ({place})")
    if len(inferences) > MOST_INFERENCES:
        lines.append(f"    and {len(inferences) - MOST_INFERENCES} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def _checks(replay: Replay) -> str:
    from tabulate import tabulate

    rows = check_rows(replay.allocators)
    if not rows:
        return ""
    table = tabulate(rows, headers="keys", tablefmt="plain", intfmt=",")
    return f"{table}\n{_reasons(replay.allocators)}"


def _reasons(ledgers: list[Ledger]) -> str:
    lines = [
        f"    {count:,} {ledger.name} {kind} unchecked: {reason}"
        for ledger in ledgers
        for kind, checks in ledger.checks.items()
        for reason, count in checks.unchecked.most_common()
    ]
    return "\n".join(lines) + ("\n" if lines else "")


def _hints(replay: Replay) -> str:
    return "".join(f"hint: {hint}\n" for hint in hints(replay))
