"""XML documents that any reader accepts, whatever bytes a log held."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, indent, tostring

# What XML 1.0 allows nowhere, not even as a reference.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def document(root: Element) -> str:
    """Return the element as a document; characters that XML forbids become a mark."""
    indent(root)
    text = FORBIDDEN.sub("\ufffd", tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
