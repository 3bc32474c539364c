"""Words by which a release, a compiler or a kconfig names the architecture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_START, _END = r"(?<![a-z0-9])", r"(?![a-z0-9])"

# Kernel flavours of the distributions and the triples of cross compilers. A 32-bit word that
# 64-bit kernels of the family are also built under names the whole family.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"x86[_-]64|amd64|tinycore64", ("x86_64",)),
    (r"i[3-6]86|[56]86(?:-pae)?|athlon", ("i386",)),
    (r"aarch64|arm64", ("arm64",)),
    (r"armmp|armv[4-7]\w*|armhf|armel|arm-[a-z]\w*|gnueabi(?:hf)?", ("arm",)),
    (r"riscv64", ("riscv64",)),
    (r"riscv32", ("riscv32",)),
    (r"powerpc64(?:le)?|ppc64(?:le|el)?", ("ppc64",)),
    (r"powerpc(?:-[a-z0-9]\w*)?|ppc", ("ppc64", "ppc32")),
    (r"s390x?", ("s390x",)),
    (r"mips64(?:el)?(?:r6)?(?:el)?|5kc-malta|octeon|loongson-3", ("mips64",)),
    (r"4kc-malta", ("mips",)),
    (r"mips(?:el)?(?:r6)?(?:el)?", ("mips", "mips64")),
    (r"loong64|loongarch64", ("loongarch64",)),
    (r"sparc64(?:-smp)?", ("sparc64",)),
    (r"sparc", ("sparc64", "sparc32")),
    (r"hppa64|parisc64", ("parisc64",)),
    (r"hppa(?:1\.1|2\.0)?|parisc", ("parisc", "parisc64")),
    (r"alpha-(?:linux|unknown|smp|generic)", ("alpha",)),
    (r"ia64|itanium|mckinley", ("ia64",)),
    (r"sh4", ("sh",)),
    (r"m68k", ("m68k",)),
)

_PATTERNS = [(re.compile(f"{_START}(?:{words}){_END}"), arches) for words, arches in _WORDS]

# kconfig symbol of an architecture -> (64-bit name, 32-bit name)
_SYMBOLS = {
    "CONFIG_X86": ("x86_64", "i386"),
    "CONFIG_ARM64": ("arm64", "arm64"),
    "CONFIG_ARM": ("arm", "arm"),
    "CONFIG_RISCV": ("riscv64", "riscv32"),
    "CONFIG_PPC": ("ppc64", "ppc32"),
    "CONFIG_S390": ("s390x", "s390x"),
    "CONFIG_MIPS": ("mips64", "mips"),
    "CONFIG_LOONGARCH": ("loongarch64", "loongarch64"),
    "CONFIG_SPARC": ("sparc64", "sparc32"),
    "CONFIG_PARISC": ("parisc64", "parisc"),
    "CONFIG_ALPHA": ("alpha", "alpha"),
    "CONFIG_IA64": ("ia64", "ia64"),
    "CONFIG_SUPERH": ("sh", "sh"),
    "CONFIG_M68K": ("m68k", "m68k"),
}


def named_in(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the architectures that each known word in a release or a compiler's name means."""
    lowered = text.lower()
    for pattern, arches in _PATTERNS:
        if pattern.search(lowered):
            yield arches


def compiler(banner: str) -> str:
    """Return the banner without its first parenthesis, the builder: a host may be called arm."""
    return re.sub(r"^\([^)]*\)", "", banner.strip())


def of_kconfig(config: Mapping[str, str]) -> str | None:
    """Return the architecture that a kconfig is for, None where it does not say."""
    for symbol, (wide, narrow) in _SYMBOLS.items():
        if config.get(symbol) == "y":
            return wide if config.get("CONFIG_64BIT") == "y" else narrow
    return None
