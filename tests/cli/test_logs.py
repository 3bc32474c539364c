from __future__ import annotations

import pytest
from click.testing import CliRunner

from tracekit.cli import main


@pytest.mark.parametrize("command", ["replay", "budget", "map", "regions", "stat", "events"])
def test_without_a_log_the_message_says_how_to_give_one(command: str) -> None:
    result = CliRunner().invoke(main, [command], prog_name="tracekit")
    assert result.exit_code == 2
    assert f"dmesg | tracekit {command} -" in result.output
