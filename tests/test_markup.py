from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.markup import Element, Limits, MarkupError, read, shown

SMALL = Limits(size=200, depth=3, nodes=5)


def test_an_element_knows_its_line_its_trimmed_attributes_and_its_trimmed_text() -> None:
    root = read("<a>\n\n  <b to='  x y '>\n hello \n world </b> tail</a>", limits=SMALL)
    child = Element(name="b", line=3, attributes={"to": "x y"}, pieces=["\n hello \n world "])
    assert (root.children, root.text, child.text) == ([child], "tail", "hello \n world")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Tom & Jerry", "Tom & Jerry"),
        ("?a=1&b=2&c", "?a=1&b=2&c"),
        ("fish&chips; and &lt;more&gt;", None),
        ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'"),
        ("&amp;amp;", "&amp;"),
        ("&#38;&#x26;", "&&"),
        ("&", "&"),
        ("&&&", "&&&"),
        ("&;", "&;"),
        ("&#;&#x;&#xZ;", "&#;&#x;&#xZ;"),
        ("&lt", "&lt"),
        ("&" + "a" * 65 + ";", "&" + "a" * 65 + ";"),
        ("<![CDATA[a & b &amp; <c>]]>", "a & b &amp; <c>"),
        ("a<!-- & -->b", "ab"),
        ("a<?pi & ?>b", "ab"),
        ("\u00a0hard space\u00a0", "\u00a0hard space\u00a0"),
        ("\r\n\tx\ry", "x\ny"),
    ],
)
def test_a_stray_ampersand_is_itself_and_a_reference_is_what_it_refers_to(source: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(MarkupError):
            read(f"<a>{source}</a>", limits=SMALL)
    else:
        assert read(f"<a>{source}</a>", limits=SMALL).text == text


def test_a_stray_ampersand_may_stand_in_an_attribute() -> None:
    assert read('<a url="/x?b=1&c=2&amp;d"/>', limits=SMALL).attributes == {"url": "/x?b=1&c=2&d"}


@pytest.mark.parametrize("declared", ["UTF-8", "UTF-16", "bogus"])
def test_a_text_is_already_decoded_whatever_it_declares(declared: str) -> None:
    assert read(f'\ufeff<?xml version="1.0" encoding="{declared}"?><a>é中😀</a>', limits=SMALL).text == "é中😀"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the text is empty"),
        (" \n ", 2, 2, "the text is empty"),
        ("hello", 1, 1, "this is not XML: it starts with 'hello'"),
        ('\n{"a": 1}', 2, 1, "this is not XML: it starts with '{\"a\": 1}'"),
        ("x" * 90, 1, 1, f"this is not XML: it starts with '{'x' * 59}…'"),
        ("<a>\n <b>\n</a>", 3, 3, "mismatched tag; <b> of line 2 is still open"),
        ("<a>\n <b>", 2, 5, "no element found; <b> of line 2 is still open"),
        ("<a", 1, 1, "unclosed token"),
        ("<a x=1/>", 1, 6, "not well-formed (invalid token)"),
        ("<a>&&& 中😀 < </a>", 1, 12, "not well-formed (invalid token); <a> of line 1 is still open"),
        ("<a x='1' x='2'/>", 1, 10, "duplicate attribute"),
        ("<a/><b/>", 1, 5, "there is something after the end of the root element"),
        (" <?xml version='1.0'?><a/>", 1, 2, "only at the very start of the text may `<?xml` stand"),
        (
            "<a>\n&nbsp;</a>",
            2,
            1,
            "unknown entity; XML has amp, lt, gt, quot and apos; others by number, as &#160;",
        ),
        ("<a>\n\x00</a>", 2, 1, "U+0000 is not a character"),
        ("<\x00a\x00>\x00", 1, 2, "U+0000 is not a character"),
        ("\ufeff<a>\x01</a>", 1, 4, "not well-formed (invalid token); <a> of line 1 is still open"),
        ("<a>\n  \ud800</a>", 2, 3, "half of a surrogate pair is not a character"),
        ("<a>\ufdd0</a>", 1, 4, "U+FDD0 is not a character"),
        ("<a>&#xFdd0;</a>", 1, 4, "U+FDD0 is not a character"),
        ("<a>&#064976;</a>", 1, 4, "U+FDD0 is not a character"),
        ("<!DOCTYPE a><a/>", 1, 12, "document types and entities are refused; remove <!DOCTYPE ...>"),
        ("<a><b><c><d/></c></b></a>", 1, 10, "elements are nested more than 3 deep"),
        ("<a><b/><b/><b/><b/>\n<b/></a>", 2, 1, "more than 5 elements and attributes"),
        ("<a b='' c='' d='' e='' f=''/>", 1, 1, "more than 5 elements and attributes"),
        (f"<a>{'x' * 194}</a>", 1, 1, "201 bytes are too many; at most 200 are read"),
        (f"<a>{'é' * 97}</a>", 1, 1, "201 bytes are too many; at most 200 are read"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(MarkupError) as caught:
        read(text, limits=SMALL)
    found = caught.value
    assert (found.line, found.column, found.message) == (line, column, message)
    assert str(found) == f"line {line}, column {column}: {message}"


BILLION = (
    '<!DOCTYPE a [<!ENTITY b0 "ha">'
    + "".join(f'<!ENTITY b{i} "{f"&b{i - 1};" * 10}">' for i in range(1, 10))
    + "]><a>&b9;</a>"
)


@pytest.mark.parametrize(
    "text",
    [
        BILLION,
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
        '<?xml version="1.0"?>\n<!-- first -->\n<!DOCTYPE a><a/>',
    ],
)
def test_a_document_type_is_refused_before_anything_in_it_is_looked_at(text: str) -> None:
    with pytest.raises(MarkupError, match="document types and entities are refused"):
        read(text, limits=Limits())


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "<a>" * (n // 3),
        lambda n: "<a>" + "&" * n + "</a>",
        lambda n: "<a>" + "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * (n // 70),
        lambda n: "<a>" + "&#x0000000000000000" * (n // 20),
        lambda n: "<a>" + "<![CDATA[" * (n // 9),
        lambda n: "<a>" + "<!--" * (n // 4),
        lambda n: "<a " + "b='' " * (n // 5) + "/>",
        lambda n: "<a " + "".join(f"b{i}='' " for i in range(n // 9)) + "/>",
        lambda n: "<" + "a" * n + "/>",
        lambda n: "<a b='" + "\n" * n + "'/>",
        lambda n: "<a>" + "\r" * n + "</a>",
        lambda n: "<a>" + "x<b/>" * (n // 5) + "</a>",
        lambda n: "<a" * (n // 2),
        lambda n: "<!DOCTYPE a [" + "<!ENTITY x 'y'>" * (n // 15),
        lambda n: " " * n,
    ],
)
def test_a_megabyte_of_malice_is_read_or_refused_at_once(make: Callable[[int], str]) -> None:
    with suppress(MarkupError):
        read(make(1_000_000), limits=Limits())


@given(st.text(alphabet="<>/&;#x!?-[]='\" \nab0\ufdd0\x00é😀", max_size=60))
def test_any_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    line, column = _place_of_error(text)
    lines = text.split("\n")
    assert column <= len(lines[line - 1]) + 1


def _place_of_error(text: str) -> tuple[int, int]:
    try:
        read(text, limits=SMALL)
    except MarkupError as error:
        return error.line, error.column
    return 1, 1


@pytest.mark.parametrize(("text", "cut"), [("a" * 60, "a" * 60), ("a" * 61, "a" * 59 + "…")])
def test_what_is_shown_of_a_foreign_text_fits_into_a_message(text: str, cut: str) -> None:
    assert shown(text) == cut
