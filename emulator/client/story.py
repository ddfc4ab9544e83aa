"""The conversation between app and emulator on a page: what a failing test shows, newest last."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from emulator.client.answers import AppRequest, Callback, ClockReading, Message, Report
from emulator.client.shortfall import distance, moment, one_line, quoted

SHOWN = 15
"""How many lines of each kind are shown, the latest."""


def story(
    sid: str,
    clock: ClockReading,
    messages: Sequence[Message],
    callbacks: Sequence[Callback],
    requests: Sequence[AppRequest],
    report: Report,
) -> str:
    """The report, as text; the lists newest first, as the handles give them."""
    lines = [f"account {sid}; {_clock(clock)}"]
    if not (messages or requests):
        return "\n".join([*lines, "the app has asked this account for nothing"])
    lines += _section("messages", (_message(each) for each in messages), len(messages))
    lines += _section("what the app was told", (_callback(each) for each in callbacks), len(callbacks))
    refused = [each for each in requests if each.answer_status is None or each.answer_status >= 400]
    lines += _section("requests of the app that were refused", (_request(each) for each in refused), len(refused))
    if not report.ok:
        lines.append(f"never answered with 2xx: {report.failures_total} of these callbacks")
        shown = {each.id for each in callbacks[:SHOWN]}
        unseen = [each.callback for each in report.failures if each.callback.id not in shown]
        lines += [f"  {_callback(each)}" for each in unseen[:SHOWN]]
    return "\n".join([*lines, *(f"error inside the emulator: {each.message}" for each in report.errors)])


def _section(title: str, lines: Iterable[str], count: int) -> list[str]:
    latest = [line for line, _ in zip(lines, range(SHOWN), strict=False)]
    if not latest:
        return []
    earlier = f" (the latest {SHOWN} of {count})" if count > SHOWN else ""
    return [f"{title}{earlier}", *(f"  {line}" for line in reversed(latest))]


def _clock(clock: ClockReading) -> str:
    said = f"clock {clock.mode}, at {moment(clock.now)}"
    if clock.next_due is not None:
        said += f"; {clock.pending} pending, the next in {distance(clock.now, clock.next_due)}"
    return said


def _message(message: Message) -> str:
    fate = message.status + (f" (error {message.error_code})" if message.error_code is not None else "")
    return f"{_time(message.created)} {message.sid} {message.from_} -> {message.to} {fate}: {quoted(message.body)}"


def _callback(callback: Callback) -> str:
    attempt = f", attempt {callback.attempt}" if callback.attempt > 1 else ""
    when = _time(callback.sent or callback.due)
    return (
        f"{when} {callback.message} {callback.status}{attempt}: {callback.method} {callback.url} {_outcome(callback)}"
    )


def _outcome(callback: Callback) -> str:
    if callback.outcome == "answered":
        return f"-> {callback.answer_status}"
    return f"-> {callback.error or callback.outcome}"


def _request(request: AppRequest) -> str:
    answer = "connection cut" if request.answer_status is None else str(request.answer_status)
    return f"{_time(request.at)} {request.method} {request.path} -> {answer} {one_line(request.answer_body)}".rstrip()


def _time(time: datetime) -> str:
    return time.strftime("%H:%M:%S.") + f"{time.microsecond // 1000:03d}"
