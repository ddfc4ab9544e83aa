"""The platform's XML, which its older API answers by default: the only module of the API that writes it."""

import re
from collections.abc import Iterator

from msgspec import Struct

# XML 1.0 has no way to say these, not even by number
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xd;"})


class Element(Struct, frozen=True):
    """An element that holds text, or further elements."""

    name: str
    content: "str | tuple[Element, ...]" = ""


def document(*content: Element) -> bytes:
    """What is answered: the content in the platform's root element, no declaration, two spaces of indentation.

    Characters that XML cannot hold become U+FFFD.
    """
    return "\n".join(_lines(Element("RestcommResponse", content), "")).encode()


def refusal(message: str, code: int | None = None) -> bytes:
    """An error, as a document."""
    said = Element("Message", message)
    return document(said) if code is None else document(said, Element("Error", str(code)))


def _lines(element: Element, indent: str) -> Iterator[str]:
    name, content = element.name, element.content
    if not content:
        yield f"{indent}<{name}/>"
    elif isinstance(content, str):
        yield f"{indent}<{name}>{_UNSPEAKABLE.sub('�', content).translate(_ESCAPES)}</{name}>"
    else:
        yield f"{indent}<{name}>"
        for child in content:
            yield from _lines(child, indent + "  ")
        yield f"{indent}</{name}>"
