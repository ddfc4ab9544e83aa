"""Both handles behind one face, so that one story tests both."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import httpx
import pytest

from emulator.client import AsyncEmulator, Emulator


@dataclass
class Handle:
    """A handle of either kind; a blocking one is called from another thread."""

    emulator: Emulator | AsyncEmulator

    async def __call__(self, call: str, *args: Any, **kwargs: Any) -> Any:
        """What a call such as `clock.advance` gives."""
        method = attrgetter(call)(self.emulator)
        if isinstance(self.emulator, Emulator):
            return await asyncio.to_thread(method, *args, **kwargs)
        return await method(*args, **kwargs)

    async def send(self, to: str = "+15550100001", body: str = "hello", **more: str) -> str:
        """The app sends; gives the message's SID."""
        text = {"from": "sms:+15550109999", "to": f"sms:{to}", "body": body, **more}
        async with httpx.AsyncClient(auth=self.emulator.auth) as app:
            answer = await app.post(self.emulator.messages_url, data=text)
        return str(answer.raise_for_status().json()["sid"])

    async def move_to(self, moment: datetime) -> None:
        """Put the account on a manual clock at that moment."""
        await self("clock.set", "manual", now=moment)


@pytest.fixture(params=["blocking", "awaiting"])
async def handle(request: pytest.FixtureRequest, cpaas: Emulator, async_cpaas: AsyncEmulator) -> Handle:
    """Each test is about both handles."""
    return Handle(cpaas if request.param == "blocking" else async_cpaas)
