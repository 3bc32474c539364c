from __future__ import annotations

import pytest

from tracekit.kernel.kconfig import config_release, page_size, parse_config


def test_symbols_lose_their_quotes_and_unset_ones_are_absent() -> None:
    text = '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="text"\nCONFIG_D=14\n'
    assert parse_config(text) == {"CONFIG_B": "y", "CONFIG_C": "text", "CONFIG_D": "14"}


def test_the_header_names_the_version() -> None:
    assert config_release("#\n# Linux/x86 6.1.176 Kernel Configuration\n#\n") == "6.1.176"
    assert config_release("CONFIG_A=y\n") is None


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"CONFIG_PAGE_SHIFT": "14"}, 16384),
        ({"CONFIG_ARM64_PAGE_SHIFT": "16"}, 65536),
        ({"CONFIG_PPC_64K_PAGES": "y"}, 65536),
        ({"CONFIG_PAGE_SIZE_16KB": "y"}, 16384),
        ({"CONFIG_ARM64_4K_PAGES": "y"}, 4096),
        ({"CONFIG_64BIT": "y"}, None),
    ],
)
def test_page_sizes(config: dict[str, str], size: int | None) -> None:
    assert page_size(config) == size
