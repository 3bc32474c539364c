"""Find out which kernel wrote the events: release, architecture, page size, command line.

Nothing here trusts a single line. Every independent sign names the architectures that could
have printed it, and the one that most signs agree on wins; a tie is not decided. So a log
whose head is missing is still told by what its later lines say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tracekit.events.arch_maps import PpcOops
from tracekit.events.arch_signs import FAMILIES, ArchSign
from tracekit.events.base import Event
from tracekit.events.boot import (
    CommandLine,
    LinuxVersion,
    PageSize,
    ReleaseMention,
    ScanSmp,
    UserspaceArch,
)
from tracekit.events.e820 import LastPfn
from tracekit.events.hash_tables import HashTableLine
from tracekit.events.memblock import MemblockCall, MemblockRequest
from tracekit.events.mips import MipsCpu, MipsMemory
from tracekit.events.mm_init import Freeing, ZoneRangeLine
from tracekit.events.percpu_setup import PercpuEmbedded
from tracekit.kernel.arch import ARCHES
from tracekit.kernel.arch_callers import arches_of_caller
from tracekit.kernel.arch_words import compiler, named_in, of_kconfig
from tracekit.kernel.evidence import Evidence
from tracekit.kernel.kconfig import config_release, page_size, parse_config
from tracekit.kernel.kernel import Kernel

if TYPE_CHECKING:
    from tracekit.capture import Capture

Arches = tuple[str, ...]

_PAGE_SIZES = {size for arch in ARCHES.values() for size in arch.page_sizes}
_WIDE = tuple(arch.name for arch in ARCHES.values() if not arch.is_32bit)
_NARROW = tuple(arch.name for arch in ARCHES.values() if arch.is_32bit)

# Grammars whose lines only one family prints, by the beginning of their rules' names.
_RULE_FAMILIES = {
    "e820_": "x86",
    "s390_": "s390x",
    "ppc_": "ppc",
    "alpha_": "alpha",
    "parisc_": "parisc",
    "mips_": "mips",
    "arm_": "arm",
    "sparc_": "sparc",
    "x86_": "x86",
}

_SYSTEMD = {
    "x86-64": "x86_64", "x86": "i386", "arm64": "arm64", "arm": "arm", "riscv64": "riscv64",
    "ppc64-le": "ppc64", "ppc64": "ppc64", "ppc": "ppc32", "s390x": "s390x",
    "mips64-le": "mips64", "mips-le": "mips", "mips": "mips", "mips64": "mips64",
    "loongarch64": "loongarch64", "sparc64": "sparc64", "parisc": "parisc", "alpha": "alpha",
    "ia64": "ia64",
}  # fmt: skip


def identify(
    events: Sequence[Event], capture: Capture, rules: frozenset[str] = frozenset()
) -> Kernel:
    """Return the kernel that wrote ``events``; what cannot be told is None.

    ``rules`` are the grammar rules that read at least one line. Of the capture's files only
    the kconfig and the event formats are read: they describe the kernel, not its state.
    """
    kconfig = capture.read_text("proc/kconfig") or ""
    evidence = Evidence(tuple(events), rules, _formats(capture), parse_config(kconfig))
    release = _release(events)
    arch = _arch(evidence)
    return Kernel(
        release=release,
        version=parse_version(release or config_release(kconfig)),
        arch=arch,
        page_size=_page_size(evidence, release, arch),
        cmdline=_last(event.cmdline for event in events if isinstance(event, CommandLine)),
        evidence=evidence,
    )


def parse_version(release: str | None) -> tuple[int, ...] | None:
    """Return (major, minor, patch) of a release such as ``6.1.0-50-amd64``."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release or "")
    return tuple(int(part or 0) for part in found.groups()) if found else None


def _last(values: Iterable[str]) -> str | None:
    return next(reversed(list(values)), None)


def _formats(capture: Capture) -> dict[str, tuple[str, ...]]:
    """Return the names of the fields of every event whose format file is there."""
    from tracekit.events.formats import read_formats

    formats = read_formats(capture.files, capture.read_text)
    return {name: tuple(field.name for field in known.fields) for name, known in formats.items()}


def _release(events: Sequence[Event]) -> str | None:
    """The banner's release, or the one that most later lines name."""
    for event in events:
        if isinstance(event, LinuxVersion):
            return event.release
    named = Counter(event.release for event in events if isinstance(event, ReleaseMention))
    return named.most_common(1)[0][0] if named else None


def _arch(evidence: Evidence) -> str | None:
    configured = of_kconfig(evidence.config)
    if configured is not None:
        return configured
    votes = Counter(arch for sign in _signs(evidence) for arch in sign)
    best = votes.most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


def _signs(evidence: Evidence) -> Iterator[Arches]:
    """Yield, for each independent sign in the log, the architectures that could show it."""
    for rule in evidence.rules:
        family = next((f for start, f in _RULE_FAMILIES.items() if rule.startswith(start)), None)
        if family is not None:
            yield FAMILIES[family]
    yield from {event.arches for event in evidence.events if isinstance(event, ArchSign)}
    for event in evidence.events:
        yield from _event_signs(event)
    yield from _caller_signs(evidence.events)
    yield from _width_signs(evidence.events)


def _caller_signs(events: Sequence[Event]) -> Iterator[Arches]:
    callers = {e.by for e in events if isinstance(e, MemblockCall | MemblockRequest)}
    yield from filter(None, map(arches_of_caller, callers))


def _event_signs(event: Event) -> Iterator[Arches]:
    match event:
        case LinuxVersion():
            yield from named_in(event.release)
            yield from named_in(compiler(event.banner))
        case ReleaseMention():
            yield from named_in(event.release)
        case UserspaceArch() if event.name in _SYSTEMD:
            yield (_SYSTEMD[event.name],)
        case ScanSmp():
            yield ("i386",) if len(event.virtual) == 8 else ("x86_64",)
        case LastPfn() if event.max_arch_pfn is not None:
            yield ("i386",) if event.max_arch_pfn <= 1 << 24 else ("x86_64",)
        case Freeing() if event.what == "text/rodata gap":
            yield ("x86_64",)  # mark_rodata_ro of arch/x86/mm/init_64.c
        case MipsMemory():
            yield ("mips",) if event.digits == 8 else ("mips64", "loongarch64")
        case MipsCpu() if event.is_32bit_core:
            yield ("mips",)
        case PercpuEmbedded() if event.base:
            yield _WIDE if len(event.base) == 16 else _NARROW


def _width_signs(events: Sequence[Event]) -> Iterator[Arches]:
    """ZONE_DMA32 exists on 64-bit kernels only, ZONE_HIGHMEM on 32-bit ones only."""
    zones = {event.zone for event in events if isinstance(event, ZoneRangeLine)}
    if "DMA32" in zones:
        yield _WIDE
    if "HighMem" in zones:
        yield _NARROW


def _page_size(evidence: Evidence, release: str | None, arch: str | None) -> int | None:
    """Page size in bytes: kconfig, then what sizes in the log imply, then the flavour."""
    configured = page_size(dict(evidence.config))
    if configured is not None:
        return configured
    sizes = (size for event in evidence.events for size in _implied_page_size(event))
    implied = Counter(size for size in sizes if size in _PAGE_SIZES)
    if implied:
        return implied.most_common(1)[0][0]
    flavour = re.search(r"-(4|16|64)k\b", release or "")
    if flavour:
        return int(flavour[1]) * 1024
    built = ARCHES[arch].page_sizes if arch is not None else ()
    return built[0] if len(built) == 1 else None


def _implied_page_size(event: Event) -> Iterator[int]:
    """The page size that a line's numbers imply.

    alloc_large_system_hash prints order = ilog2(bytes) - PAGE_SHIFT; pcpu_embed_first_chunk
    prints the pages of one unit beside its bytes.
    """
    match event:
        case PageSize():
            yield event.size
        case PpcOops():
            yield event.kib * 1024
        case HashTableLine() if event.order is not None and event.size and not event.nodes:
            yield 1 << min(max(event.size.bit_length() - 1 - event.order, 0), 64)
        case PercpuEmbedded() if event.pages:
            yield (event.static + event.reserved + event.dyn) // event.pages
