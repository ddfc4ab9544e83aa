"""What everything is compared with: an aiohttp server whose one handler reads the form and answers JSON."""

import asyncio
import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    """Read the form, answer it as JSON."""
    form = await request.post()
    return web.json_response({"sid": "SM0", "from": form.get("from"), "to": form.get("to"), "body": form.get("body")})


async def main() -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
