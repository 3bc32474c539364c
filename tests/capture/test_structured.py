"""JSON logs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.capture.structured import from_json


@pytest.mark.parametrize("text", ["", "Linux version", "[    0.0] x", "{", "{not json}", "[1, 2]"])
def test_not_json(text: str) -> None:
    assert from_json(text) is None


def test_journal_with_bytes_user_space_and_noise() -> None:
    records = [
        {"MESSAGE": "a\nb", "_TRANSPORT": "kernel", "_SOURCE_MONOTONIC_TIMESTAMP": "1500000"},
        {"MESSAGE": [97, 255, 10, 98], "_TRANSPORT": "kernel", "_SOURCE_MONOTONIC_TIMESTAMP": "0"},
        {"MESSAGE": "hi", "_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "sshd", "_PID": "7"},
        {"MESSAGE": None, "_TRANSPORT": "kernel"},
    ]
    text = "\n".join([*map(json.dumps, records), "box login:", '{"MESSAGE": "cut'])
    found = from_json(text)
    assert found is not None
    lines, numbers, name = found
    assert lines == [
        "[    1.500000] a",
        "b",
        "[    0.000000] a\\xff",
        "b",
        "sshd[7]: hi",
        "",
        "box login:",
        '{"MESSAGE": "cut',
    ]
    assert numbers == [1, 1, 2, 2, 3, 4, 5, 6]
    assert name == "journal-json"


def test_dmesg_json_in_one_line_and_with_odd_escapes() -> None:
    text = '{"dmesg": [{"pri":5,"time":0.000000,"msg":"a"},{"pri":5,"time":1.5,"msg":"b\\x1b"}]}'
    assert from_json(text) == (["[    0.000000] a", "b\\x1b"], [1, 1], "dmesg --json")


def test_lava() -> None:
    text = '- {"dt": "2024-01-01T00:00:00", "lvl": "target", "msg": "[    0.000000] Linux"}\n' * 2
    assert from_json(text) == (["[    0.000000] Linux"] * 2, [1, 2], "lava")


@given(st.text(max_size=300))
def test_whatever_follows_does_not_crash(text: str) -> None:
    for head in ('{"MESSAGE": "x"}\n', '{"dmesg": [{"msg": "x"}', '- {"dt": 1, "msg": "x"}\n'):
        assert from_json(head + text) is not None
