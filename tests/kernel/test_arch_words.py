from __future__ import annotations

import pytest

from tracekit.kernel.arch_callers import arches_of_caller
from tracekit.kernel.arch_words import compiler, named_in, of_kconfig


@pytest.mark.parametrize(
    ("text", "arches"),
    [
        ("6.1.0-50-amd64", ("x86_64",)),
        ("3.10.0-957.el7.x86_64", ("x86_64",)),
        ("2.6.32-642.el6.i686", ("i386",)),
        ("5.10.0-32-686-pae", ("i386",)),
        ("6.12.107+deb13-arm64", ("arm64",)),
        ("6.1.0-50-armmp-lpae", ("arm",)),
        ("6.12.107+deb13-powerpc64le-64k", ("ppc64",)),
        ("(powerpc-linux-gnu-gcc (Debian) 9.5.0)", ("ppc64", "ppc32")),
        ("(mipsel-openwrt-linux-musl-gcc 7.5.0)", ("mips", "mips64")),
        ("6.1.0-50-5kc-malta", ("mips64",)),
        ("(hppa64-linux-gnu-gcc 12)", ("parisc64",)),
        ("(arm-openbmc-linux-gnueabi-gcc 13)", ("arm",)),
    ],
)
def test_words_of_releases_and_compilers(text: str, arches: tuple[str, ...]) -> None:
    assert arches in list(named_in(text))


def test_words_inside_other_words_mean_nothing() -> None:
    assert list(named_in("6.1.0-charm64y")) == []


def test_the_builder_goes() -> None:
    assert compiler("(me@arm64) (gcc 12) #1") == " (gcc 12) #1"


def test_kconfig() -> None:
    assert of_kconfig({"CONFIG_MIPS": "y"}) == "mips"
    assert of_kconfig({"CONFIG_MIPS": "y", "CONFIG_64BIT": "y"}) == "mips64"
    assert of_kconfig({}) is None


def test_callers() -> None:
    assert arches_of_caller("arm64_memblock_init") == ("arm64",)
    assert arches_of_caller("setup_arch") is None
