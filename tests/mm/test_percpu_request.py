"""What architectures and builds ask of the first chunk."""

from __future__ import annotations

from tracekit.mm.percpu_request import (
    USUAL,
    Build,
    atom_sizes,
    builds,
    dynamic_reserve,
    dynamic_size,
    early_least,
    reserved_size,
)

KIB, MIB = 1 << 10, 1 << 20


def new(_name: str) -> bool:
    return True


def old(_name: str) -> bool:
    return False


def test_the_dynamic_reserve_grew() -> None:
    assert dynamic_reserve(64, new, USUAL) == 28 * KIB
    assert dynamic_reserve(32, new, USUAL) == 20 * KIB
    assert (dynamic_reserve(64, old, USUAL), dynamic_reserve(32, old, USUAL)) == (20480, 12288)
    assert dynamic_reserve(64, new, Build(size_shift=12)) == 112 * KIB


def test_modules_get_room_of_their_own_or_in_the_dynamic_part() -> None:
    assert reserved_size("x86_64", USUAL) == 8 * KIB
    assert reserved_size("i386", USUAL) == 0
    assert dynamic_size("i386", 32, new, USUAL) == 28 * KIB
    assert dynamic_size("i386", 32, new, Build(modules=False)) == 20 * KIB
    assert Build(profiled=True).module_reserve == 64 * KIB


def test_the_least_dynamic_size() -> None:
    assert early_least(old, USUAL) == 0
    assert early_least(lambda name: name == "pcpu_early_least", USUAL) == 12 * KIB
    assert early_least(new, USUAL) == 20 * KIB


def test_units_of_allocation() -> None:
    assert atom_sizes("x86_64", 4096, 2 * MIB, new)[0] == 2 * MIB
    assert atom_sizes("i386", 4096, 2 * MIB, new) == (4096,)
    assert 4 * MIB in atom_sizes("i386", 4096, 2 * MIB, old)
    assert atom_sizes("arm64", 4096, 2 * MIB, new) == (4096,)


def test_the_usual_build_comes_first_and_each_says_what_it_is() -> None:
    found = list(builds())
    assert found[0] == USUAL
    assert len({str(build) for build in found}) == len(found) - 3
