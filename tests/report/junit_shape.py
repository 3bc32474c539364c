"""What JUnit XML may hold, as Jenkins' junit-10.xsd has it (pytest writes the same), in a table.

The documents of this project were validated against that schema itself; the table keeps them so
where the schema is not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

COUNTS = {"tests", "failures", "errors"}
FAILURE = {"type", "message"}
ATTRIBUTES: dict[str, set[str]] = {
    "testsuites": {"name", "time", *COUNTS},
    "testsuite": {"name", "time", "skipped", "timestamp", "hostname", "id", "package", *COUNTS},
    "testcase": {"name", "classname", "time", "group"},
    "skipped": FAILURE,
    "failure": FAILURE,
    "error": FAILURE,
    "system-out": set(),
}
REQUIRED = {"testsuite": {"name", *COUNTS}, "testcase": {"name"}}
CHILDREN: dict[str, set[str]] = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase", "properties"},
    "testcase": {"skipped", "failure", "error", "system-out"},
}


def problems(root: Element) -> Iterator[str]:
    """Yield what the schema forbids in a document, in words."""
    if root.tag != "testsuites":
        yield f"the root is {root.tag}"
    for element in root.iter():
        has, tag = set(element.keys()), element.tag
        yield from (f"{tag} has {name}" for name in has - ATTRIBUTES.get(tag, set()))
        yield from (f"{tag} lacks {name}" for name in REQUIRED.get(tag, set()) - has)
        inner = {child.tag for child in element}
        yield from (f"{tag} holds {name}" for name in inner - CHILDREN.get(tag, set()))
