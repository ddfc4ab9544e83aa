"""The keys at the top of a scenario that are not about fates: callbacks and retries, channels, numbers."""

from msgspec.structs import replace

from emulator.model import Channel, is_number
from emulator.scenario import CallbackPolicy, NumberBinding, Retry
from emulator.scenario_file import grammar
from emulator.scenario_file.grammar import Unreadable, nearest, quoted
from emulator.scenario_file.kinds import Either, Empty, ListOf, MapOf, Scalar, words
from emulator.scenario_file.records import Field, Fields, Record
from emulator.scenario_file.replies import DURATION, YES
from emulator.scenario_file.timelines import NAME_SHAPE, name

NUMBERS_LIMIT = 1_000
RETRIES_LIMIT = 100


def _times(text: str) -> int:
    return grammar.number(text, low=1, high=RETRIES_LIMIT, what="a number of retries")


_TIMES = Field(
    "times",
    Scalar("a number of retries", _times, "^[0-9]{1,3}$", "4"),
    f"How many more attempts, at most {RETRIES_LIMIT}",
    required=True,
)
_FIRST_RETRY = Field("first", DURATION, "The wait after the first attempt; 5s unless said")
_FACTOR = Field(
    "factor",
    Scalar("a factor", grammar.factor, r"^[0-9]{1,2}(\.[0-9]{1,6})?$", "2"),
    "Each wait is so many times the one before, at most a day; 2 unless said",
)
_CAUSES = {cause: cause for cause in ("connect", "timeout", "4xx", "5xx")}
_ON = Field(
    "on",
    ListOf("what to retry on", words("a cause", _CAUSES), least=1, most=len(_CAUSES), single=True),
    "What is tried again: connect, timeout, 4xx, 5xx; all but 4xx unless said",
)
_NEVER = Retry(times=0)
_RETRY_EXAMPLE = "none or {times: 4, first: 5s, factor: 2}"


def _retry(got: Fields) -> Retry:
    default = Retry(times=got.given(_TIMES, 1))
    return replace(
        default,
        first=got.given(_FIRST_RETRY, default.first),
        factor=got.given(_FACTOR, default.factor),
        on=frozenset(got.given(_ON, tuple(default.on))),
    )


def _never(text: str) -> Retry:
    if text != "none":
        raise Unreadable(f"{quoted(text)} is not a way to retry", f"write {_RETRY_EXAMPLE}")
    return _NEVER


def _timeout(text: str) -> int:
    if (milliseconds := grammar.duration(text)) == 0:
        raise Unreadable("no app answers within no time", "write 5s")
    return milliseconds


_TIMEOUT = Field(
    "timeout",
    Scalar("a duration", _timeout, grammar.DURATION_SHAPE, "5s"),
    "How long each attempt may take, in real time; 6s unless said",
)
_RETRY = Field(
    "retry",
    Either(
        "none or a mapping",
        text=Scalar("none or a mapping", _never, ("none",), _RETRY_EXAMPLE),
        entries=Record("retry", (_TIMES, _FIRST_RETRY, _FACTOR, _ON), _retry),
        example=_RETRY_EXAMPLE,
    ),
    "Whether and when a failed callback is tried again; none unless said",
)


def _policy(got: Fields) -> CallbackPolicy:
    retry = got.given(_RETRY, _NEVER)
    timeout = got.given(_TIMEOUT, CallbackPolicy().timeout)
    return CallbackPolicy(timeout=timeout, retry=None if retry is _NEVER else retry)


_MEDIA = Field("media", YES, "Whether the channel carries media", required=True)


def _channel(text: str) -> str:
    if text not in Channel.__members__.values():
        raise Unreadable(f"{quoted(text)} is not a channel", nearest(text, Channel))
    return text


def _e164(text: str) -> str:
    if not is_number(text):
        raise Unreadable(f"{quoted(text)} is not an E.164 number", "write + and 2 to 15 digits")
    return text


def _url(text: str) -> str:
    if not grammar.matches(_URL_SHAPE, text):
        raise Unreadable(f"{quoted(text)} is not a URL", "write http:// or https://, a host and a path")
    return text


_URL_SHAPE = r"^https?://[!-~]+$"
_URL = Scalar("a URL", _url, _URL_SHAPE, "http://127.0.0.1:5000/sms")
_METHOD = words("a method", {"POST": "POST", "GET": "GET"})
_NUMBER = Field(
    "number", Scalar("an E.164 number", _e164, r"^\+[1-9][0-9X]{1,14}$", '"+15550100001"'), "In E.164", required=True
)
_FRIENDLY_NAME = Field(
    "friendly_name",
    Scalar("a name", name, NAME_SHAPE, "a text"),
    "What the number is called; the number itself unless said",
)
_SMS_URL = Field("sms_url", _URL, "Where the app is told of texts to this number")
_SMS_METHOD = Field("sms_method", _METHOD, "POST unless said")
_FALLBACK_URL = Field("sms_fallback_url", _URL, "Where it is told when the first URL fails")
_FALLBACK_METHOD = Field("sms_fallback_method", _METHOD, "POST unless said")


def _binding(got: Fields) -> NumberBinding | None:
    number = got.get(_NUMBER)
    if number is None:
        return None
    default = NumberBinding(number=number)
    return replace(
        default,
        friendly_name=got.given(_FRIENDLY_NAME, default.friendly_name),
        sms_url=got.given(_SMS_URL, default.sms_url),
        sms_method=got.given(_SMS_METHOD, default.sms_method),
        sms_fallback_url=got.given(_FALLBACK_URL, default.sms_fallback_url),
        sms_fallback_method=got.given(_FALLBACK_METHOD, default.sms_fallback_method),
    )


CALLBACK = Field(
    "callback",
    Empty(Record("callback", (_TIMEOUT, _RETRY), _policy), CallbackPolicy()),
    "Defaults for every status callback and every inbound request",
)
CHANNELS = Field(
    "channels",
    Empty(
        MapOf(
            "channels",
            _channel,
            f"^({'|'.join(Channel)})$",
            Record("a channel", (_MEDIA,), lambda got: got.get(_MEDIA)),
            most=len(Channel),
            example="{sms: {media: no}}",
        ),
        {},
    ),
    "What each channel can carry; a message it cannot carry fails",
)
NUMBERS = Field(
    "numbers",
    Empty(
        ListOf(
            "a list of numbers",
            Record(
                "a number",
                (_NUMBER, _FRIENDLY_NAME, _SMS_URL, _SMS_METHOD, _FALLBACK_URL, _FALLBACK_METHOD),
                _binding,
            ),
            most=NUMBERS_LIMIT,
            example='[{number: "+15550100001", sms_url: "http://127.0.0.1:5000/sms"}]',
        ),
        (),
    ),
    "Numbers the account has from the start, and where the app listens for texts to them",
)
