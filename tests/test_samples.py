"""Every shipped sample gives the report that is kept beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.boots import SAMPLES
from tracekit.fixtures.canonical import read_expected
from tracekit.fixtures.check import check_fixture, find_fixtures


@pytest.mark.parametrize("folder", find_fixtures([SAMPLES]), ids=lambda folder: folder.name)
def test_sample(folder: Path) -> None:
    outcome = check_fixture(folder)
    assert outcome.passed, "\n".join(outcome.changes) or outcome.trouble


@pytest.mark.parametrize("folder", find_fixtures([SAMPLES]), ids=lambda folder: folder.name)
def test_a_healthy_boot_gives_no_error_and_no_warning(folder: Path) -> None:
    loud = [d for d in read_expected(folder)["divergences"] if d["severity"] != "note"]
    assert loud == []


def test_the_samples_cover_the_architectures() -> None:
    arches = {read_expected(folder)["boot"]["arch"] for folder in find_fixtures([SAMPLES])}
    assert arches >= {
        "x86_64",
        "i386",
        "arm64",
        "arm",
        "riscv64",
        "ppc64",
        "s390x",
        "mips",
        "mips64",
        "loongarch64",
    }
