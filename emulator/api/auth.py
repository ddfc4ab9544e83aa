"""Who asks, and whether they may: HTTP Basic with account SID (or e-mail address) and auth token."""

import binascii
import re
from base64 import b64decode
from functools import lru_cache
from hashlib import md5
from hmac import compare_digest

from emulator.errors import Forbidden, NotFound, Unauthenticated
from emulator.model import AccountStatus
from emulator.tenant import Tenant
from emulator.tenants import Tenants

REALM = 'Basic realm="Restcomm realm"'
NOT_ACTIVE = "Provided Account is not active"

_ACCOUNT_SID = re.compile(r"AC[0-9A-Za-z]{32}")


async def authenticate(tenants: Tenants, header: str | None, *, strict: bool) -> Tenant:
    """The account that the Authorization header proves.

    On a server that is not strict a well-formed SID seen for the first time becomes an account with the token it
    came with. Raises Unauthenticated, or Forbidden for an account that is suspended or closed.
    """
    login, token = _credentials(header)
    tenant = tenants.by_login(login)
    if tenant is None:
        if strict or not token or not _ACCOUNT_SID.fullmatch(login):
            raise Unauthenticated("unknown account")
        if tenants.was_deleted(login):
            # whoever still sends for it is late: an app that outlives its test must not bring the account back
            raise Unauthenticated(f"account {login} was deleted; is the test that it belonged to over?")
        tenant = await tenants.open(login, token)
    if not _proves(token, tenant.account.auth_token):
        raise Unauthenticated("wrong auth token")
    if tenant.account.status is not AccountStatus.ACTIVE:
        raise Forbidden(NOT_ACTIVE, text=NOT_ACTIVE)
    return tenant


def authorize(tenants: Tenants, caller: Tenant, account: str) -> None:
    """Whether the caller may act on the account in the path. Raises NotFound or Forbidden."""
    if account in (caller.account.sid, caller.account.email_address, caller.account.friendly_name):
        return
    if tenants.by_login(account) is None:
        raise NotFound(f"there is no account {account[:60]}")
    raise Forbidden()


@lru_cache(maxsize=1024)
def _credentials(header: str | None) -> tuple[str, str]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme != "Basic":
        raise Unauthenticated("no Basic credentials")
    try:
        login, colon, token = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated("malformed Basic credentials") from None
    if not colon:
        raise Unauthenticated("malformed Basic credentials")
    return login, token


@lru_cache(maxsize=1024)
def _proves(given: str, token: str) -> bool:
    # the platform also takes a password whose MD5 is the token: its stock account's is "RestComm"
    password, expected = given.encode(), token.encode()
    hashed = md5(password, usedforsecurity=False).hexdigest().encode()
    return compare_digest(password, expected) or compare_digest(hashed, expected)
