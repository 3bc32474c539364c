"""What a captured boot's kconfig says of its kernel."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^# Linux/\S+ (\S+) Kernel Configuration", re.MULTILINE)
_SYMBOL = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)


def parse_config(text: str) -> dict[str, str]:
    """Return the symbols that are set, with their values; quotes are taken off."""
    return {name: value.strip('"') for name, value in _SYMBOL.findall(text)}


def config_release(text: str) -> str | None:
    """Return the kernel version that the kconfig's header names."""
    found = _HEADER.search(text)
    return found[1] if found else None


def page_size(config: dict[str, str]) -> int | None:
    """Return the page size in bytes that the kconfig sets, None where it does not say.

    The symbols are CONFIG_PAGE_SHIFT (6.9 and later), CONFIG_PAGE_SIZE_16KB and the like
    (mips, loongarch, parisc, sh), and an architecture's own (arm64, ppc).
    """
    shift = config.get("CONFIG_PAGE_SHIFT") or config.get("CONFIG_ARM64_PAGE_SHIFT")
    shift = shift or config.get("CONFIG_PPC_PAGE_SHIFT")
    if shift is not None:
        return 1 << int(shift)
    for name, value in config.items():
        # the cheap test first: a kconfig has thousands of symbols
        if value != "y" or "PAGE" not in name or name.startswith("CONFIG_HAVE_"):
            continue
        found = re.fullmatch(r"CONFIG_(?:\w+_)?(?:PAGE_SIZE_)?(\d+)KB?(?:_PAGES)?", name)
        if found and "_LESS_THAN_" not in name:
            return int(found[1]) * 1024
    return None
