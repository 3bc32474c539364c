"""What is not evidence changes nothing: transports, time stamps, lines of other parts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.boots import SAMPLES
from tests.capture.transports import TRANSPORTS, Message, messages_of, plain
from tracekit.boot import load
from tracekit.replay.boot import replay
from tracekit.report.json import as_dict

NAMES = (
    "x86_61_numa2_512M_2cpu",
    "arm64-6.1-virt-rsvmem",
    "mipsel-6.1-malta",
    "s390x-6.12-ccw",
    "i386_510_pae_2G",
    "riscv64-7.2-virt-numa2",
)
# A diff leaves out what both of its sides have beyond the hunks: the log is not whole.
PARTIAL = ("diff",)
LINE = re.compile(r"\bline \d+")
CHATTER = (
    "pci 0000:00:1f.3: reg 0x10: [mem 0xfebf1000-0xfebf1fff 64bit]",
    "usb 1-1: new high-speed USB device number 2 using xhci_hcd",
    "ata1: SATA max UDMA/133 abar m4096@0xfebd5000 port 0xfebd5100 irq 26",
    "systemd[1]: Starting Journal Service...",
)


@cache
def messages(name: str) -> tuple[Message, ...]:
    """Return the messages of a sample."""
    return tuple(messages_of((SAMPLES / name / "dmesg.log").read_text()))


def told(log: Path) -> dict[str, Any]:
    """Return what a report says of a boot, without line numbers and times."""
    report = as_dict(replay(load(log)))
    return {
        "verdict": report["verdict"],
        "kernel": {key: report["boot"][key] for key in ("kernel_release", "arch", "page_size")},
        "allocators": report["allocators"],
        "divergences": [_bare(item) for item in report["divergences"]],
        "inferences": [_bare(item) for item in report["inferences"]],
    }


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in item.items() if k not in ("line", "time", "related")}
    return {k: LINE.sub("line N", v) if isinstance(v, str) else v for k, v in kept.items()}


def saved(data: bytes, folder: Path) -> Path:
    path = folder / "log"
    path.write_bytes(data)
    return path


@cache
def expected(name: str, folder: Path) -> dict[str, Any]:
    """Return what the report says of the sample as dmesg prints it."""
    return told(saved(plain(messages(name)).data, folder))


@pytest.fixture
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the logs that the others are compared with."""
    return tmp_path_factory.getbasetemp()


@pytest.mark.parametrize("form", sorted(TRANSPORTS))
@pytest.mark.parametrize("name", NAMES[:3])
def test_every_transport_gives_the_same_report(
    name: str, form: str, usual: Path, tmp_path: Path
) -> None:
    log = saved(TRANSPORTS[form](messages(name)).data, tmp_path)
    verdict = {"verdict": "incomplete"} if form in PARTIAL else {}
    assert told(log) == expected(name, usual) | verdict


@pytest.mark.parametrize("name", NAMES)
def test_later_time_stamps_change_nothing(name: str, usual: Path, tmp_path: Path) -> None:
    later = [(time * 1.5 + 0.25, text) for time, text in messages(name)]
    assert told(saved(plain(later).data, tmp_path)) == expected(name, usual)


@pytest.mark.parametrize("name", NAMES)
def test_more_lines_of_drivers_change_nothing(name: str, usual: Path, tmp_path: Path) -> None:
    more: list[Message] = []
    for index, message in enumerate(messages(name)):
        more.append(message)
        if index % 7 == 6 and message[0] > 0:
            more.append((message[0], CHATTER[index % len(CHATTER)]))
    assert told(saved(plain(more).data, tmp_path)) == expected(name, usual)


@pytest.mark.parametrize("name", NAMES)
def test_fewer_lines_of_drivers_change_nothing(name: str, usual: Path, tmp_path: Path) -> None:
    plain_log = saved(plain(messages(name)).data, tmp_path)
    loaded = load(plain_log)
    read = {event.source.line for event in loaded.events}
    count = len(messages(name))
    fewer = [
        message
        for number, message in enumerate(messages(name), 1)
        if number in read or number > count - 30 or number % 2 or "init" in message[1]
    ]
    assert len(fewer) < count
    assert told(saved(plain(fewer).data, tmp_path)) == expected(name, usual)
