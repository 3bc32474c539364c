"""What SARIF 2.1.0 may hold where this project writes it, in a table (OASIS sarif-schema-2.1.0).

The documents of this project were validated against that schema itself; the table keeps them so
where the schema is not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LEVELS = {"none", "note", "warning", "error"}
# Object by the property it stands in: (properties it must have, properties it may have besides).
SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "": ({"version", "runs"}, {"$schema"}),
    "runs": ({"tool", "results"}, set()),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"rules", "version", "informationUri"}),
    "rules": (
        {"id"},
        {"name", "shortDescription", "fullDescription", "help", "defaultConfiguration"},
    ),
    "defaultConfiguration": ({"level"}, set()),
    "results": (
        {"message", "ruleId", "locations"},
        {"ruleIndex", "level", "relatedLocations", "partialFingerprints"},
    ),
    "locations": ({"physicalLocation"}, set()),
    "relatedLocations": ({"physicalLocation"}, {"id", "message"}),
    "physicalLocation": ({"artifactLocation"}, {"region"}),
    "artifactLocation": ({"uri"}, set()),
    "region": ({"startLine"}, set()),
    **dict.fromkeys(("message", "shortDescription", "fullDescription", "help"), ({"text"}, set())),
}


def problems(value: Any, name: str = "") -> Iterator[str]:
    """Yield what the schema forbids in a document, in words."""
    if isinstance(value, list):
        for item in value:
            yield from problems(item, name)
    elif isinstance(value, dict) and name != "partialFingerprints":
        must, may = SHAPES.get(name, (set(), set()))
        yield from (f"{name or 'the document'} lacks {key}" for key in must - set(value))
        yield from (f"{name or 'the document'} has {key}" for key in set(value) - must - may)
        for key, inner in value.items():
            yield from problems(inner, key)
    else:
        yield from _of_values(value, name)


def _of_values(value: Any, name: str) -> Iterator[str]:
    if name == "level" and value not in LEVELS:
        yield f"level is {value}"
    if name == "startLine" and not (isinstance(value, int) and value >= 1):
        yield f"startLine is {value}"
    if name == "partialFingerprints" and not all(isinstance(v, str) for v in value.values()):
        yield "a fingerprint is no string"
    if name == "text" and not (isinstance(value, str) and value):
        yield "a message without text"
    if name == "uri" and (not isinstance(value, str) or " " in value):
        yield f"uri is {value!r}"
