"""Attachments of inbound messages: the app fetches them from us, as it does from the platform (page line 336).

An attachment is uploaded with the text, or a URL that we fetch when the app asks; where neither is given we draw one.
"""

import struct
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from msgspec import Struct

from emulator.ids import random_token
from emulator.model import API_VERSION, Media
from emulator.store.notifications import Attachment
from emulator.tenant import Tenant

PICTURE_TYPE = "image/png"
_SIDE = 64


class Upload(Struct, frozen=True, forbid_unknown_fields=True, rename={"content_type_": "content-type"}):
    """What a tester gives: a `url`, or `data` (base64), each with its content type; neither means a drawn picture."""

    url: str = ""
    data: bytes = b""
    content_type: str = ""
    content_type_: str = ""

    @property
    def kind(self) -> str:
        """The MIME type, under either spelling."""
        return self.content_type or self.content_type_


DRAWN = Upload()


def receive(tenant: Tenant, uploads: Sequence[Upload], base_url: str) -> tuple[list[Attachment], tuple[Media, ...]]:
    """Rows for these attachments, and what the app is told of them; `base_url` is ours as the app reaches it."""
    attachments = [_attachment(tenant, upload) for upload in uploads]
    place = f"{base_url}/api/{API_VERSION}/Accounts/{tenant.account.sid}/MediaAttachments"
    media = (Media(url=f"{place}/{each.name}", content_type=each.content_type) for each in attachments)
    return attachments, tuple(media)


def picture(seed: int) -> bytes:
    """A small PNG, another one for each seed."""
    red, green, blue = (seed >> shift & 0xFF for shift in (0, 8, 16))
    rows = b"".join(
        b"\0" + b"".join(bytes((red ^ 4 * x & 0xFF, green ^ 4 * y & 0xFF, blue)) for x in range(_SIDE))
        for y in range(_SIDE)
    )
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _attachment(tenant: Tenant, upload: Upload) -> Attachment:
    token = random_token()
    if upload.url:
        # the platform names a proxied attachment by where it comes from; the token keeps ours from being guessed
        name = token + urlsafe_b64encode(upload.url.partition("://")[2].encode()).decode().rstrip("=")[:64]
        return Attachment(name=name, account=tenant.id, content_type=upload.kind, source=upload.url)
    if upload.data:
        kind = upload.kind or "application/octet-stream"
        return Attachment(name=token, account=tenant.id, content_type=kind, content=upload.data)
    return Attachment(name=token, account=tenant.id, content_type=PICTURE_TYPE, content=picture(int(token[:6], 16)))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
