"""The report for people: verdict first, then what parts ways, then what was taken for true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from click import style

from tracekit.boot import Boot, SourceInfo
from tracekit.divergence import Code, Divergence, Inference, Severity, lookup
from tracekit.events.base import Source
from tracekit.replay.boot import Replay, check_rows
from tracekit.replay.ledger import Ledger
from tracekit.report.columns import columns
from tracekit.report.hints import hints

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
VERDICT_COLOURS = {"agrees": "green", "diverges": "red", "incomplete": "yellow"}
MOST_INFERENCES = 12
MOST_SUBJECTS = 6
MOST_UNPARSED = 5
MOST_COMPLAINTS = 4
COMPLAINTS = "KR"


def render(replay: Replay, notes: bool = False) -> str:
    """Return the report as text with colour codes; ``notes`` spells out every note."""
    parts = [
        _heading(replay),
        _sources(replay.boot),
        _loud(replay),
        _notes(replay, notes),
        _inferences(replay),
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
    lines = [line for source in boot.sources for line in _source(source)]
    return "\n".join([*lines, *_unparsed(boot)]) + "\n"


def _unparsed(boot: Boot) -> Iterator[str]:
    """Yield the lines that look known but that no rule could read: new wordings, or damage."""
    lines = [line for loaded in boot.logs for line in loaded.unparsed]
    for line in lines[:MOST_UNPARSED]:
        yield f"        line {line.number} not read: {line.text.strip()[:100]}"
    if len(lines) > MOST_UNPARSED:
        yield f"        and {len(lines) - MOST_UNPARSED} more"


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
    return "\n".join(_divergence(replay, divergence) for divergence in replay.loud)


def _divergence(replay: Replay, divergence: Divergence) -> str:
    entry = lookup(divergence.code)
    name = style(f"{divergence.severity} {divergence.code}", fg=COLOURS[divergence.severity])
    place = _place(replay, divergence.line)
    lines = [f"{name} {style(place, bold=True)} {entry.title}: {divergence.subject}"]
    # A complaint of the kernel is no prediction that failed: the replay says what it knows.
    beside = "known" if entry.code.startswith(COMPLAINTS) else "expected"
    rows = [("logged", divergence.logged), (beside, divergence.simulated)]
    if divergence.explanation != entry.title:
        rows.append(("why", divergence.explanation))
    rows += [("or", alternative) for alternative in divergence.alternatives]
    rows += [("see", _place(replay, source)) for source in divergence.related]
    rows.append(("next", f"{_next_step(entry, divergence)} (tracekit explain {entry.code})"))
    lines += [f"    {label:9} {text}" for label, text in rows if text]
    return "\n".join(lines) + "\n"


def _next_step(entry: Code, divergence: Divergence) -> str:
    """Return the first thing to do, with the log and the line put into the command it names."""
    sentence = " ".join(entry.next_step.split()).partition(". ")[0].rstrip(".")
    line = divergence.line
    return re.sub(r"\bLOG\b", line.file, re.sub(r"\bLINE\b", str(line.line), sentence))


def _place(replay: Replay, source: Source) -> str:
    """Return where a line stands; the file is named where there are several."""
    time = f" [{source.time:.6f}]" if source.time is not None else ""
    if len(replay.boot.sources) == 1:
        return f"line {source.line}{time}"
    return f"{source.file}:{source.line}{time}"


def _notes(replay: Replay, spelled_out: bool) -> str:
    notes = [d for d in replay.divergences if d.severity is Severity.NOTE]
    if not notes:
        return ""
    shown = notes if spelled_out else _complaints(notes)
    told = [_divergence(replay, note) for note in shown]
    counts = Counter(note.code for note in notes if note not in shown)
    rows = [f"    {code} x{count}  {lookup(code).title}" for code, count in counts.items()]
    if rows:
        more = "more " if told else ""
        head = f"{_count(counts.total(), f'{more}note')} (--notes spells them out)"
        told.append("\n".join([head, *rows]) + "\n")
    return "\n".join(told)


def _complaints(notes: list[Divergence]) -> list[Divergence]:
    """Return the first of the notes in which the kernel itself says that something is wrong."""
    return [note for note in notes if note.code.startswith(COMPLAINTS)][:MOST_COMPLAINTS]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _inferences(replay: Replay) -> str:
    inferences = replay.inferences
    if not inferences:
        return ""
    groups: dict[tuple[str, str], list[Inference]] = {}
    for inference in inferences:
        groups.setdefault((inference.kind, inference.evidence), []).append(inference)
    lines = [f"{_count(len(inferences), 'inference')}: unlogged facts that other lines bear out"]
    for (kind, evidence), group in list(groups.items())[:MOST_INFERENCES]:
        lines.append(f"    {_place(replay, group[0].line)} {kind} {_subjects(group)}")
        lines.append(f"        {evidence}")
    if len(groups) > MOST_INFERENCES:
        lines.append(f"    and {len(groups) - MOST_INFERENCES} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def _subjects(group: list[Inference]) -> str:
    shown = [inference.subject for inference in group[:MOST_SUBJECTS]]
    more = f" and {len(group) - MOST_SUBJECTS} more" if len(group) > MOST_SUBJECTS else ""
    return ", ".join(shown) + more


def _checks(replay: Replay) -> str:
    rows = check_rows(replay.allocators)
    if not rows:
        return ""
    return f"{columns(rows)}\n{_reasons(replay.allocators)}"


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
