"""Lines that say nothing but which family of architectures wrote the log."""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event

FAMILIES: dict[str, tuple[str, ...]] = {
    "x86": ("x86_64", "i386"),
    "x86_64": ("x86_64",),
    "i386": ("i386",),
    "arm": ("arm",),
    "arm64": ("arm64",),
    "any_arm": ("arm64", "arm"),
    "riscv": ("riscv64", "riscv32"),
    "s390x": ("s390x",),
    "ppc": ("ppc64", "ppc32"),
    "ppc64": ("ppc64",),
    "ppc32": ("ppc32",),
    "mips": ("mips", "mips64"),
    "loongarch64": ("loongarch64",),
    "sparc": ("sparc64", "sparc32"),
    "sparc64": ("sparc64",),
    "sparc32": ("sparc32",),
    "parisc": ("parisc", "parisc64"),
    "parisc64": ("parisc64",),
    "parisc32": ("parisc",),
    "alpha": ("alpha",),
    "ia64": ("ia64",),
    "sh": ("sh",),
    "m68k": ("m68k",),
}


@event(*(f"sign_{family}" for family in FAMILIES))
class ArchSign(Event, frozen=True):
    """A line that only one family of architectures prints; ``arches`` are its members."""

    family: str

    @property
    def arches(self) -> tuple[str, ...]:
        """The architectures that print such a line."""
        return FAMILIES[self.family]

    @classmethod
    def from_fields(cls, source: Source, rule: str, _fields: dict[str, Any]) -> ArchSign:
        """Return the sign; the rule's name holds the family."""
        return cls(source, rule.removeprefix("sign_"))
