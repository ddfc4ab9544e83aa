"""What is kept, and what goes: nothing that came after a reset."""

import asyncio

from aiohttp import web

from emulator.acceptance import Draft
from emulator.app import create_app
from emulator.clock import ClockMode
from emulator.config import Config
from emulator.store import messages
from emulator.wire import ENGINE

TEXT = Draft(sender="sms:+15550109999", recipient="sms:+15550100001", body="hello")


async def test_what_is_accepted_behind_a_reset_is_not_dropped_with_the_surplus_of_before() -> None:
    runner = web.AppRunner(app := create_app(Config(clock=ClockMode.MANUAL, message_limit=100)))
    await runner.setup()
    try:
        engine = app[ENGINE]
        (tenant,) = engine.tenants

        async def send() -> str:
            async with engine.send(tenant, TEXT) as sent:
                assert sent.message is not None
                return sent.message.sid

        for _ in range(102):  # one more, and the oldest go
            await send()
        last = asyncio.ensure_future(send())
        reset = asyncio.ensure_future(engine.reset(tenant))
        after = [asyncio.ensure_future(send()) for _ in range(8)]
        await asyncio.gather(last, reset, *after)
        kept = await engine.database.run(lambda db: messages.newest(db, tenant.id, before=None, limit=1_000))
        assert {each.result() for each in after} == {message.sid for message in kept}
        assert tenant.counts["message"] == len(kept)
    finally:
        await runner.cleanup()
