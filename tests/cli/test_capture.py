from __future__ import annotations

import pytest
from click.testing import CliRunner

from tracekit.cli import main
from tracekit.cli.capture import script


def cmdline(*words: str) -> list[str]:
    result = CliRunner().invoke(main, ["capture", "--print-cmdline", *words])
    assert result.exit_code == 0
    return result.stdout.split("\n")[0].split()


@pytest.mark.parametrize(
    ("release", "has", "lacks"),
    [
        ("6.1.0", "no_hash_pointers", "bootmem_debug"),
        ("5.10.0", "memblock=debug", "no_hash_pointers"),
        ("4.14.1", "bootmem_debug", "no_hash_pointers"),
        ("6.12.3", "initcall_blacklist=trace_eval_sync", "bootmem_debug"),
    ],
)
def test_the_options_fit_the_kernel(release: str, has: str, lacks: str) -> None:
    words = cmdline("--kernel", release, "--arch", "x86_64", "--memory", "1G", "--cpus", "2")
    assert has in words
    assert lacks not in words
    assert "trace_clock=global" in words


def test_the_trace_buffer_fits_the_memory() -> None:
    small = cmdline("--kernel", "6.1", "--arch", "arm64", "--memory", "128M", "--cpus", "4")
    large = cmdline("--kernel", "6.1", "--arch", "arm64", "--memory", "4G", "--cpus", "1")
    assert "trace_buf_size=2M" in small
    assert "trace_buf_size=22M" in large


def test_the_script_is_printed_whole() -> None:
    result = CliRunner().invoke(main, ["capture", "--print-script"])
    assert result.output == script()
    assert result.output.startswith("#!/bin/sh")


def test_a_bad_size_is_told() -> None:
    result = CliRunner().invoke(main, ["capture", "--print-cmdline", "--memory", "lots"])
    assert result.exit_code == 2
    assert "512M" in result.output
