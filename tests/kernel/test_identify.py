from __future__ import annotations

import json
from pathlib import Path

import pytest

import tracekit
from tests import boots
from tests.events.reading import read_log
from tracekit.kernel.identify import identify, parse_version
from tracekit.kernel.kernel import Kernel

# The names of Debian's ports, which the captured boots' meta.json uses.
PORTS = {
    "armhf": "arm",
    "mipsel": "mips",
    "mips64el": "mips64",
    "ppc64el": "ppc64",
    "loong64": "loongarch64",
}


class Files:
    """Files of a captured boot, as identify reads them."""

    def __init__(self, **texts: str) -> None:
        self.files = {name.replace("__", "/"): text for name, text in texts.items()}

    def read_text(self, name: str) -> str | None:
        return self.files.get(name)


def kernel_of(*lines: str, **files: str) -> Kernel:
    parsed = read_log(*lines)
    return identify(parsed.events, Files(**files), frozenset(parsed.rules))  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", boots.boot_folders(), ids=lambda folder: folder.name)
def test_captured_boots_are_known_from_the_log_alone(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    kernel = tracekit.load(folder / "dmesg.log").kernel
    assert kernel.arch == PORTS.get(meta["arch"], meta["arch"])
    assert kernel.release in (meta["kernel_release"], None)
    assert kernel.page_size is not None


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("6.1.0-50-amd64", (6, 1, 0)),
        ("2.6.32.69", (2, 6, 32)),
        ("7.3-powerpc64le", (7, 3, 0)),
        ("5.12.0-rc2+", (5, 12, 0)),
        (None, None),
    ],
)
def test_versions(release: str | None, version: tuple[int, ...] | None) -> None:
    assert parse_version(release) == version


@pytest.mark.parametrize(
    ("lines", "arch"),
    [
        (["Detected PIPT I-cache on CPU0", "psci: PSCIv1.1 detected in firmware."], "arm64"),
        (["CPU: PIPT / VIPT nonaliasing data cache", "arch_timer: cp15 timer(s)"], "arm"),
        (["last_pfn = 0x20000 max_arch_pfn = 0x100000"], "i386"),
        (["last_pfn = 0x20000 max_arch_pfn = 0x400000000"], "x86_64"),
        (["Scan SMP from c0000000 for 1024 bytes.", "found SMP MP-table at 000f5b10"], "i386"),
        (["BIOS-provided physical RAM map:", "  DMA32    empty"], "x86_64"),
        (["SBI specification v1.0 detected", "  DMA32    empty"], "riscv64"),
        (["setup: The maximum memory size is 2048MB"], "s390x"),
        (["clocksource: tsc: mask: 0xffff", "IPI shorthand broadcast: enabled",
          "Freeing unused kernel image (text/rodata gap) memory: 2040K"], "x86_64"),
        (["clocksource: Constant: mask: 0xffff"], "loongarch64"),
        (["memory: 08000000 @ 00000000 (usable)", "Primary data cache 32kB"], "mips"),
        (["memory: 0000000008000000 @ 0000000000000000 (usable)", "FPU revision is: 0"], "mips64"),
        (["CPU0 revision is: 00029007 (Broadcom BMIPS3300)"], "mips"),
        (["Loongson-64bit Processor probed (LA464 Core)"], "loongarch64"),
        (["The 64-bit Kernel has started...", "Memory Ranges:"], "parisc64"),
        (["memcluster 0, usage 1, start        0, end     1984"], "alpha"),
        (["ARCH: SUN4U", "Ethernet address: 08:00:20:00:00:01"], "sparc64"),
        (["LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=8192", "radix-mmu: Initializing"], "ppc64"),
        (["Total memory = 2048MB; using 4096kB for hash table",
          "Kernel virtual memory layout:"], "ppc32"),
        (["systemd[1]: Detected architecture arm64."], "arm64"),
        (["memblock_reserve: [0x0000000000001000-0x0000000000001fff] arm64_memblock_init+0x1/0x2"],
         "arm64"),
    ],
)  # fmt: skip
def test_a_log_without_its_head_is_told_by_later_lines(lines: list[str], arch: str) -> None:
    assert kernel_of(*lines).arch == arch


def test_signs_that_fit_two_architectures_decide_nothing() -> None:
    assert kernel_of("x86/fpu: x87 FPU will use FSAVE").arch is None
    assert kernel_of("nothing that we know").arch is None


def test_the_builder_is_not_the_compiler() -> None:
    lines = ["Linux version 6.1.0 (me@arm64-box) (gcc 12) #1", "SBI specification v1.0 detected",
             "  DMA32    empty"]  # fmt: skip
    assert kernel_of(*lines).arch == "riscv64"


def test_one_foreign_word_does_not_outvote_the_rest() -> None:
    lines = ["Linux version 6.1.0-amd64 (me@x) (gcc) #1", "CPU: PIPT / VIPT data cache",
             "Memory policy: Data cache writealloc", "VFP support v0.3: impl 41"]  # fmt: skip
    assert kernel_of(*lines).arch == "arm"


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("Dentry cache hash table entries: 65536 (order: 7, 524288 bytes, linear)", 4096),
        ("Dentry cache hash table entries: 65536 (order: 5, 524288 bytes, linear)", 16384),
        ("futex hash table entries: 16 (order: -5, 192 bytes)", 4096),
        ("percpu: Embedded 3 pages/cpu s147456 r8192 d40960 u196608", 65536),
        ("Kernel default page size is 64 KB.", 65536),
        ("LE PAGE_SIZE=64K MMU=Radix SMP", 65536),
    ],
)
def test_page_size_from_what_lines_imply(line: str, size: int) -> None:
    assert kernel_of(line).page_size == size


def test_page_size_by_flavour_and_by_architecture() -> None:
    assert kernel_of("Linux version 7.2.13-arm64-16k (a@b) (gcc) #1").page_size == 16384
    assert kernel_of("setup: The maximum memory size is 2048MB").page_size == 4096
    assert kernel_of("Linux version 7.2.13-arm64 (a@b) (gcc) #1").page_size is None


def test_the_kconfig_decides_where_there_is_one() -> None:
    config = (
        "# Linux/arm64 6.1.176 Kernel Configuration\n"
        "CONFIG_ARM64=y\nCONFIG_64BIT=y\nCONFIG_ARM64_64K_PAGES=y\n"
    )
    kernel = kernel_of("x86/fpu: x87 FPU will use FSAVE", proc__kconfig=config)
    assert (kernel.arch, kernel.page_size, kernel.version) == ("arm64", 65536, (6, 1, 176))


def test_event_formats_are_evidence() -> None:
    formats = (
        "name: kfree\nID: 5\nformat:\n"
        "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
        "\tfield:unsigned long call_site;\toffset:8;\tsize:8;\tsigned:0;\n"
        '\nprint fmt: "call_site=%pS"\n'
    )
    kernel = kernel_of("Linux version 6.1.0", formats__all=formats)
    assert kernel.evidence.formats == {"kfree": ("call_site",)}


def test_the_release_that_later_lines_name() -> None:
    lines = ["usb usb1: Manufacturer: Linux 6.12.1-arm64 xhci-hcd",
             "CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.12.1-arm64 #1"]  # fmt: skip
    assert kernel_of(*lines).release == "6.12.1-arm64"


def test_the_command_line_is_the_last_one_printed() -> None:
    kernel = kernel_of("Command line: a=1", "Kernel command line: a=1 mem=512M quiet")
    assert kernel.option("mem") == "512M"
    assert kernel.option("quiet") == ""
    assert kernel.option("b") is None
