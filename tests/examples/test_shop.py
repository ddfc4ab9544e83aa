"""An aiohttp app, in the loop of its test."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from emulator.client import AsyncEmulator
from tests.examples.shop import create_shop

Shop = TestClient[Any, Any]


@pytest.fixture
async def shop(async_cpaas: AsyncEmulator, aiohttp_client: AiohttpClient) -> Shop:
    return await aiohttp_client(create_shop(async_cpaas.messages_url, async_cpaas.headers))


async def order(shop: Shop, phone: str) -> str:
    answer = await shop.post("/orders", data={"phone": phone})
    return str((await answer.json())["order"])


async def history(shop: Shop, order: str) -> list[str]:
    answer = await shop.get(f"/orders/{order}")
    return list(await answer.json())


async def test_a_customer_is_texted_and_the_shop_knows_it(async_cpaas: AsyncEmulator, shop: Shop) -> None:
    number = await order(shop, "+15550100001")
    text = await async_cpaas.wait_for(to="+15550100001", status="delivered")
    assert text.body == "Your order is on its way"
    assert await history(shop, number) == ["sending", "sent", "delivered"]


async def test_a_phone_that_is_switched_off(async_cpaas: AsyncEmulator, shop: Shop) -> None:
    number = await order(shop, "+150055030003")
    text = await async_cpaas.wait_for(status="undelivered")
    assert text.error_code == 30003
    assert await history(shop, number) == ["sending", "sent", "undelivered"]


async def test_news_that_comes_twice_is_counted_once(async_cpaas: AsyncEmulator, shop: Shop) -> None:
    number = await order(shop, "+15005590005")
    await async_cpaas.clock.idle()
    assert len(await async_cpaas.callbacks()) == 6
    assert await history(shop, number) == ["sending", "sent", "delivered"]


@pytest.mark.cpaas(clock="manual")
async def test_a_report_that_comes_three_days_late(async_cpaas: AsyncEmulator, shop: Shop) -> None:
    await async_cpaas.rule(when={"to": "+88*"}, then=["sending", "sent after 1s", "delivered at 72h"])
    number = await order(shop, "+8821610000001")

    await async_cpaas.clock.advance("71h59m")
    assert await history(shop, number) == ["sending", "sent"]

    await async_cpaas.clock.advance("1m")
    assert await history(shop, number) == ["sending", "sent", "delivered"]
    assert (await async_cpaas.report()).ok
