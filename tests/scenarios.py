"""Scenarios to try everything on: drawn at random, and always good ones."""

from hypothesis import strategies as st

DELAYS = ("0s", "250ms", "2s", "1h30m", "1s..3s", "~2s", "~300ms..20s")
CALLBACKS = ("lost", "late 5s", "late ~2s", "x2 gap 50ms", "x3", "forged", "garbled", "forged callback garbled")
PATTERNS = (
    '"+15550100001"',
    "sms:+15550100002",
    '"+1555010000*"',
    '"*[x]*"',
    "'/^\\+1555(?P<code>[0-9]{5})/'",
    "/STOP|start/i",
    "Acme",
    '["+15550100001", "*2"]',
    '{not: "+15550100003"}',
)

delays = st.sampled_from(DELAYS)
statuses = st.sampled_from(("sending", "sent", "delivered"))


def _optional(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | words


lines = st.builds(
    "{}{}{}".format,
    statuses | st.sampled_from(("failed error 30001", "undelivered error 30003")),
    _optional(delays.map(" after {}".format) | delays.map(" at {}".format)),
    _optional(st.sampled_from(CALLBACKS).map(" callback {}".format)),
)
replies = st.builds(
    "'replies \"{}\"{}'".format, st.sampled_from(("STOP", "a, b: c", "é 😀", "\\\\")), st.just(" after 1s")
)
mappings = st.builds("{{status: {}, after: {}, callback: {{late: {}}}}}".format, statuses, delays, delays)
timelines = st.lists(lines | replies | mappings, max_size=4).map(lambda steps: f"[{', '.join(steps)}]")
mixes = st.builds("{{mix: [{{2%: {}}}, {{50.5%: slow}}, {{rest: {}}}]}}".format, timelines, timelines)
thens = timelines | mixes | st.sampled_from(("happy", "slow"))
conditions = st.lists(
    st.sampled_from(("to", "from", "body", "media")).flatmap(
        lambda key: st.sampled_from(PATTERNS).map(lambda text: f"{key}: {text}")
    )
    | st.sampled_from(
        (
            "channel: sms",
            "segments: 2..",
            "nth: 1..2",
            "nth: every 3",
            "state: [none, stopped]",
            "mode: normal",
            "chance: 40%",
            "during: ..1h",
            "between: 22:00..06:00",
        )
    ),
    max_size=3,
    unique_by=lambda condition: condition.partition(":")[0],
).map(lambda each: f"{{{', '.join(each)}}}")
outcomes = st.builds("then: {}".format, thens) | st.builds(
    "reply: {}".format, st.sampled_from(("503", "reset", "{status: 400, code: 21211}", "{after: 1s..2s}"))
)
rules = st.builds("  - when: {}\n    {}\n".format, conditions, outcomes)
"""Rules as entries of a list, which may never be reached."""

scenarios = st.builds(
    "version: 1\nseed: {}\ntimelines:\n  slow: {}\nrules:\n{}".format,
    st.integers(0, 3),
    timelines,
    st.lists(rules, min_size=1, max_size=20).map("".join),
)
