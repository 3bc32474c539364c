from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from tracekit.report.xml import document


def test_characters_that_xml_forbids_become_a_mark() -> None:
    text = document(Element("a", message="bell \x07, escape \x1b[1m, lone \udc80"))
    assert fromstring(text).get("message") == "bell \ufffd, escape \ufffd[1m, lone \ufffd"


def test_other_characters_stay() -> None:
    assert fromstring(document(Element("a", message="<é & ü>\t"))).get("message") == "<é & ü>\t"
