from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.markup import Limits
from emulator.model import Media
from emulator.rcml import Document, Email, Message, Problem, RcmlError, Redirect, Verb, parse


def warning(message: str, *, line: int = 1, code: int | None = None) -> Problem:
    return Problem(code=code, level="warning", message=message, line=line)


@pytest.mark.parametrize(
    ("inner", "verbs"),
    [
        ("", ()),
        ("<Message>Hi</Message>", (Message(verb="Message", body="Hi"),)),
        ("<Sms>\n  Hi\n  there  </Sms>", (Message(verb="Sms", body="Hi\n  there"),)),
        (
            """<Message from=" sms:+15550100001 " to="mms:+15550100002" action="/next?a=1&b=2" method="get"
                statusCallback="http://app/status" statusCallbackMethod="GET">Hi</Message>""",
            (
                Message(
                    verb="Message",
                    sender="sms:+15550100001",
                    recipient="mms:+15550100002",
                    action="/next?a=1&b=2",
                    method="GET",
                    status_callback="http://app/status",
                    status_callback_method="GET",
                    body="Hi",
                ),
            ),
        ),
        ('<Sms to="" action=" " method="">Hi</Sms>', (Message(verb="Sms", body="Hi"),)),
        ("<Message><Body> Hi </Body></Message>", (Message(verb="Message", body="Hi"),)),
        ("<Message>Hi<Body>there</Body><Body/></Message>", (Message(verb="Message", body="Hi\nthere"),)),
        (
            '<Message>Look<Media url="/a.png" type="image/png"/><Media> /b?x=1&y=2 </Media></Message>',
            (
                Message(
                    verb="Message",
                    body="Look",
                    media=(Media(url="/a.png", content_type="image/png"), Media(url="/b?x=1&y=2")),
                ),
            ),
        ),
        (
            '<Sms><Media content-type="image/gif">/a</Media><Media content_type="text/x">/b</Media></Sms>',
            (
                Message(
                    verb="Sms",
                    media=(
                        Media(url="/a", content_type="image/gif"),
                        Media(url="/b", content_type="text/x"),
                    ),
                ),
            ),
        ),
        ("<Redirect> ../next?a=1&b=2 </Redirect>", (Redirect(url="../next?a=1&b=2"),)),
        ('<Redirect method="Get">/next</Redirect>', (Redirect(url="/next", method="GET"),)),
        (
            '<Email from="a@x.example" to="b@x.example">Hi</Email>',
            (
                Email(
                    sender="a@x.example",
                    recipient="b@x.example",
                    subject="Restcomm Email Service",
                    body="Hi",
                ),
            ),
        ),
        (
            '<Email from="a@x" to="b@x" cc="c@x" bcc="d@x" subject="News"/>',
            (Email(sender="a@x", recipient="b@x", cc="c@x", bcc="d@x", subject="News"),),
        ),
        (
            "<Sms>1</Sms>\n<Redirect>/2</Redirect>\n\n<Message>3</Message>",
            (
                Message(verb="Sms", body="1"),
                Redirect(url="/2", line=2),
                Message(verb="Message", body="3", line=4),
            ),
        ),
        ("<Sms><![CDATA[ 1 < 2 & 3 ]]></Sms>", (Message(verb="Sms", body="1 < 2 & 3"),)),
        ("<Sms>Grüße 👋 &#8364;</Sms>", (Message(verb="Sms", body="Grüße 👋 €"),)),
    ],
)
def test_what_is_right_becomes_verbs_in_order_without_a_warning(inner: str, verbs: tuple[Verb, ...]) -> None:
    assert parse(f"<Response>{inner}</Response>") == Document(verbs=verbs)


@pytest.mark.parametrize(
    "root",
    [
        'Response xmlns="urn:x" xmlns:xsi="urn:y" xsi:schemaLocation="z"',
        'Response version="2"',
    ],
)
def test_attributes_of_the_root_are_nobodys_business(root: str) -> None:
    assert parse(f"<{root}><Sms>Hi</Sms></Response>") == Document(verbs=(Message(verb="Sms", body="Hi"),))


HI = Message(verb="Sms", body="Hi")


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (
            "<Reply><Sms>Hi</Sms></Reply>",
            Document(verbs=(HI,), warnings=(warning("the root is <Reply>; it should be <Response>"),)),
        ),
        (
            "<Message>Hi</Message>",
            Document(
                warnings=(
                    warning("the root is <Message>; it should be <Response>"),
                    warning("text outside a verb is not sent: 'Hi'; put it into <Message>"),
                )
            ),
        ),
        (
            "<Response>Hi<Sms>Hi</Sms></Response>",
            Document(
                verbs=(HI,),
                warnings=(warning("text outside a verb is not sent: 'Hi'; put it into <Message>"),),
            ),
        ),
        (
            "<Response>\n<Say>Hi</Say>\n<Gather><Sms>no</Sms></Gather><Sms>Hi</Sms></Response>",
            Document(
                verbs=(Message(verb="Sms", body="Hi", line=3),),
                warnings=(
                    warning("Invalid Verb for SMS Reply", code=14110, line=2),
                    warning("Invalid Verb for SMS Reply", code=14110, line=3),
                ),
            ),
        ),
        (
            "<Response>\n<SMS>no</SMS><Mesage/>\n<Quux/></Response>",
            Document(
                warnings=(
                    warning(
                        "<SMS> on line 2 is not a verb and was skipped; upper and lower case matter, write <Sms>",
                        line=2,
                    ),
                    warning(
                        "<Mesage> on line 2 is not a verb and was skipped; did you mean <Message>?",
                        line=2,
                    ),
                    warning("<Quux> on line 3 is not a verb and was skipped", line=3),
                )
            ),
        ),
        (
            "<Response><Sms statuscallback='/s' form='+1' zzz=''>Hi</Sms></Response>",
            Document(
                verbs=(HI,),
                warnings=(
                    warning(
                        "<Sms> on line 1: unknown attribute 'statuscallback'; "
                        "upper and lower case matter, write 'statusCallback'"
                    ),
                    warning("<Sms> on line 1: unknown attribute 'form'; did you mean 'from'?"),
                    warning("<Sms> on line 1: unknown attribute 'zzz'"),
                ),
            ),
        ),
        (
            "<Response><Redirect method='PUT'>/x</Redirect></Response>",
            Document(
                verbs=(Redirect(url="/x"),),
                warnings=(warning("PUT is not a valid HTTP method for <Redirect>", code=13710),),
            ),
        ),
        (
            "<Response><Sms method='put' statusCallbackMethod='head'>Hi</Sms></Response>",
            Document(
                verbs=(HI,),
                warnings=(
                    warning("put is not a valid HTTP method for <Sms>", code=14104),
                    warning("head is not a valid HTTP method for <Sms>", code=14104),
                ),
            ),
        ),
        (
            "<Response><Message method='DELETE'>Hi</Message></Response>",
            Document(
                verbs=(Message(verb="Message", body="Hi"),),
                warnings=(warning("DELETE is not a valid HTTP method for <Message>", code=14104),),
            ),
        ),
        (
            "<Response>\n<Redirect/>\n<Email to='b@x'/>\n<Email>x</Email><Sms><Media/>Hi</Sms></Response>",
            Document(
                verbs=(Message(verb="Sms", body="Hi", line=4),),
                warnings=(
                    warning("<Redirect> on line 2 names no URL and was skipped", line=2),
                    warning("<Email> on line 3 lacks 'from' and was skipped", line=3),
                    warning("<Email> on line 4 lacks 'from' and 'to' and was skipped", line=4),
                    warning("<Media> on line 4 names no URL and was skipped", line=4),
                ),
            ),
        ),
        (
            "<Response><Sms>Hi<body>x</body><Body><b/></Body></Sms><Redirect>/x<Sms/></Redirect></Response>",
            Document(
                verbs=(HI, Redirect(url="/x")),
                warnings=(
                    warning(
                        "<body> on line 1 has no meaning within <Sms> and was skipped; "
                        "upper and lower case matter, write <Body>"
                    ),
                    warning("<b> on line 1 has no meaning within <Body> and was skipped"),
                    warning("<Sms> on line 1 has no meaning within <Redirect> and was skipped"),
                ),
            ),
        ),
    ],
)
def test_what_is_odd_is_warned_of_by_line_and_the_rest_goes_on(text: str, document: Document) -> None:
    assert parse(text) == document


@pytest.mark.parametrize("empty", ["<Sms/>", "<Message> \n </Message>", "<Sms><Body/></Sms>", "<Sms><!-- x --></Sms>"])
def test_a_message_with_neither_text_nor_media_stops_the_document(empty: str) -> None:
    document = parse(f"<Response><Sms>Hi</Sms>\n{empty}<Sms>never</Sms><Quux/></Response>")
    problem = Problem(code=14103, level="error", message=" is an invalid SMS body.", line=2)
    assert document == Document(verbs=(HI,), stopped=problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hello", "line 1, column 1: this is not XML: it starts with 'Hello'"),
        (
            "<Response>\n<Sms>Hi</Response>",
            "line 2, column 10: mismatched tag; <Sms> of line 2 is still open",
        ),
        (
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/"><Response/>',
            "line 1, column 41: document types and entities are refused; remove <!DOCTYPE ...>",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RcmlError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_limits_are_the_callers_to_set() -> None:
    text = f"<Response><Sms>{'x' * 100}</Sms></Response>"
    assert parse(text, limits=Limits(size=132)).verbs == (Message(verb="Sms", body="x" * 100),)
    with pytest.raises(RcmlError, match="132 bytes are too many; at most 131 are read"):
        parse(text, limits=Limits(size=131))


def test_names_of_any_length_and_number_are_answered_with_bounded_warnings() -> None:
    long = "x" * 900
    attributes = "".join(f" {long}{i}=''" for i in range(900))
    document = parse(f"<Response><{long}/><Sms{attributes}>Hi</Sms></Response>")
    assert len(document.warnings) == 901
    assert max(len(each.message) for each in document.warnings) < 200


PIECES = (
    *("<Response>", "</Response>", "<Sms>", "</Sms>", "<Message to='x'>", "</Message>", "<Body>", "</Body>"),
    *("<Media url='u'/>", "<Redirect method='&'>", "</Redirect>", "<Email from='a' to='b'/>", "<Say/>", "<x"),
    *("/>", " ", "\n", "Hi", "&", "&amp;", "&#1;", "&nbsp;", "<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>"),
    *("<!DOCTYPE a [", "]>", "<!ENTITY a 'b'>", "é", "😀", "\x00", "\ud800", "\ufeff", "\ufdd0"),
)


@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES)).map("".join),
        st.lists(st.sampled_from(PIECES)).map(lambda pieces: f"<Response>{''.join(pieces)}</Response>"),
        st.text(),
        st.binary().map(lambda octets: octets.decode("latin-1")),
        st.binary().map(lambda octets: octets.decode("utf-8", "surrogateescape")),
    )
)
def test_any_text_is_a_document_or_an_rcml_error_and_nothing_else(text: str) -> None:
    with suppress(RcmlError):
        assert isinstance(parse(text), Document)
