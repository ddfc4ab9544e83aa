"""A shop, in aiohttp: it texts its customers that their order is on its way, and remembers whether the text arrived."""

import os
from collections.abc import AsyncIterator

from aiohttp import ClientSession, encode_basic_auth, web

PLATFORM = web.AppKey("platform", ClientSession)


def create_shop(messages_url: str, headers: dict[str, str]) -> web.Application:
    """The shop. It sends to `messages_url` and proves itself with `headers`."""
    orders: dict[str, list[str]] = {}

    async def order(request: web.Request) -> web.Response:
        phone = str((await request.post())["phone"])
        text = {
            "from": "sms:+15550109999",
            "to": f"sms:{phone}",
            "body": "Your order is on its way",
            "status_callback": str(request.url.with_path("/told")),
            "status_callback_method": "POST",
        }
        async with request.app[PLATFORM].post(messages_url, data=text) as answer:
            number = (await answer.json())["sid"]
        orders.setdefault(number, [])
        return web.json_response({"order": number})

    async def told(request: web.Request) -> web.Response:
        news = await request.post()
        history = orders.setdefault(str(news["MessageSid"]), [])
        if news["MessageStatus"] not in history:
            history.append(str(news["MessageStatus"]))
        return web.Response()

    async def show(request: web.Request) -> web.Response:
        return web.json_response(orders[request.match_info["order"]])

    async def connect(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(headers=headers) as app[PLATFORM]:
            yield

    app = web.Application()
    app.add_routes([web.post("/orders", order), web.get("/orders/{order}", show), web.post("/told", told)])
    app.cleanup_ctx.append(connect)
    return app


async def shop_of_the_environment() -> web.Application:
    """The shop as its owner starts it."""
    login = encode_basic_auth(os.environ["EMULATOR_ACCOUNT_SID"], os.environ["EMULATOR_AUTH_TOKEN"])
    return create_shop(os.environ["EMULATOR_MESSAGES_URL"], {"Authorization": login})


if __name__ == "__main__":
    web.run_app(shop_of_the_environment(), host="127.0.0.1", port=0)
