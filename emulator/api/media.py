"""`/MediaAttachments/{id}`: what handsets attached, for the app to fetch.

No credentials are asked: the app, a browser or an image library fetches the URL it was told, and its name cannot be
guessed (our choice; the page says nothing).
"""

from aiohttp import web

from emulator.callbacks import Outgoing
from emulator.engine import Engine
from emulator.errors import NotFound, Refused
from emulator.store import notifications
from emulator.store.notifications import Attachment
from emulator.wire import BODY_LIMIT


class _BadSource(Refused):
    status = 502


async def fetch(engine: Engine, account_sid: str, name: str) -> web.Response:
    """The attachment, from the store or from where it lies. Raises NotFound, or 502 when it cannot be fetched."""
    tenant = engine.tenants.find(account_sid)
    account = tenant.id if tenant else 0
    found = await engine.database.run(lambda db: notifications.attachment(db, account, name))
    if found is None or tenant is None:
        raise NotFound(f"there is no attachment {name[:60]}")
    if not found.source:
        return web.Response(body=found.content, headers={"Content-Type": found.content_type})
    return await _proxied(engine, found, tenant.scenario.callback.timeout)


async def _proxied(engine: Engine, attachment: Attachment, timeout: int) -> web.Response:
    source = attachment.source
    answer = await engine.messenger.courier.fetch(
        Outgoing(url=source, method="GET", parameters=(), timeout=timeout, limit=BODY_LIMIT)
    )
    if not answer.ok or not answer.complete:
        why = answer.problem or (f"it answered {answer.status}" if answer.complete else "it is larger than 10 MB")
        raise _BadSource(f"cannot fetch the attachment from {source[:200]}: {why}")
    kind = attachment.content_type or answer.content_type or "application/octet-stream"
    return web.Response(body=answer.body, headers={"Content-Type": kind})
