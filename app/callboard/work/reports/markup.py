"""Walking XML from outside within bounds: no entities, nothing external, and caps on size, nesting and elements."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from callboard.work.reports.bounds import ReportError, read_report

DEEPEST_ELEMENT = 64
MOST_ELEMENTS = 500_000
MOST_ATTRIBUTES = 512
PIECE = 1 << 20

# A tag with too many attributes; '<' ends each try, so that each byte is looked at once.
_CROWDED = re.compile(rb"""<[A-Za-z_:][^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+){%d}""" % (MOST_ATTRIBUTES + 1))


class Visitor(Protocol):
    """Takes what a walk meets; names come without a namespace prefix."""

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def text(self, piece: str) -> None:
        """A piece of character data."""

    def leave(self, name: str) -> None:
        """The element ends."""


class _Bounded(ContentHandler):
    def __init__(self, path: Path, visitor: Visitor) -> None:
        super().__init__()
        self._path = path
        self._visitor = visitor
        self._depth = 0
        self._elements = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST_ELEMENT:
            raise ReportError(
                self._path, f"it is nested deeper than {DEEPEST_ELEMENT} levels", "this is no honest report"
            )
        if self._elements > MOST_ELEMENTS:
            raise ReportError(self._path, f"it has more than {MOST_ELEMENTS:,} elements", "split the report")
        self._visitor.enter(name.rpartition(":")[2], dict(attrs.items()))

    def characters(self, content: str) -> None:
        self._visitor.text(content)

    def endElement(self, name: str) -> None:
        self._depth -= 1
        self._visitor.leave(name.rpartition(":")[2])


def walk(path: Path, visitor: Visitor) -> None:
    """Parses the file and tells the visitor what is in it, without building a tree.

    Raises `ReportError` for what is no XML, is a bomb (entities, external references, nesting, crowds) or is too large.
    """
    data = read_report(path)
    if b"\0" in data[:4096]:
        raise ReportError(path, "it is neither UTF-8 nor another single-byte text", "write it as UTF-8")
    if _CROWDED.search(data):
        raise ReportError(path, f"an element has more than {MOST_ATTRIBUTES} attributes", "this is no honest report")
    # Cobertura names an external DTD: that is allowed, and never loaded.
    parser = DefusedExpatParser(forbid_dtd=False, forbid_entities=True, forbid_external=False)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(_Bounded(path, visitor))
    try:
        for start in range(0, len(data), PIECE):
            parser.feed(data[start : start + PIECE])
        parser.close()
    except DefusedXmlException as error:
        kind = type(error).__name__
        raise ReportError(path, f"it declares entities or external parts ({kind})", "write it without a DTD") from error
    except SAXParseException as error:
        fault = f"it is not valid XML (line {error.getLineNumber()}: {error.getMessage()})"
        raise ReportError(path, fault, "let the tool write it again") from error
    except (SAXException, ValueError, LookupError) as error:
        raise ReportError(path, f"it is not valid XML ({str(error)[:200]})", "let the tool write it again") from error
