"""`health` and `accounts`: whether the server can be used, and whom it serves."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from emulator import __version__
from emulator.clock import ClockMode, iso
from emulator.control.routing import Call, Route
from emulator.errors import Conflict
from emulator.model import API_VERSION, AccountStatus
from emulator.tenant import Tenant

Sid = Annotated[str, Meta(pattern="^AC[0-9A-Za-z]{32}$", max_length=34)]
Token = Annotated[str, Meta(pattern="^[!-~]+$", max_length=200)]
Name = Annotated[str, Meta(max_length=200)]
Seed = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class Health(Struct, frozen=True):
    """The server can be used."""

    status: str
    version: str


class AccountView(Struct, frozen=True, kw_only=True):
    """An account. `seed` is null while the server's or the scenario's applies."""

    sid: str
    auth_token: str
    friendly_name: str
    status: AccountStatus
    messages_enabled: bool
    seed: int | None
    mode: str
    clock: ClockMode
    created: str
    messages_url: str


class AccountList(Struct, frozen=True):
    """All accounts, oldest first."""

    accounts: list[AccountView]


class NewAccount(Struct, frozen=True, kw_only=True):
    """What a new account may be given; SID and token are random otherwise."""

    sid: Sid | None = None
    auth_token: Token | None = None
    friendly_name: Name = ""
    status: AccountStatus = AccountStatus.ACTIVE
    seed: Seed | None = None
    clock: ClockMode | None = None


class AccountChange(Struct, frozen=True, kw_only=True):
    """What can be changed; null takes the seed away."""

    status: AccountStatus | UnsetType = UNSET
    messages_enabled: bool | UnsetType = UNSET
    seed: Seed | UnsetType | None = UNSET
    friendly_name: Name | UnsetType = UNSET


async def health(call: Call) -> Health:
    """Say that everything accepts work; 503 before that, and while stopping."""
    _ = call.engine
    return Health("ok", __version__)


async def list_accounts(call: Call) -> AccountList:
    """List all accounts."""
    return AccountList([_view(call, tenant) for tenant in call.engine.tenants])


async def create(call: Call, body: NewAccount) -> AccountView:
    """Create an account."""
    tenant = await call.engine.tenants.create(
        sid=body.sid,
        auth_token=body.auth_token,
        friendly_name=body.friendly_name,
        status=body.status,
        seed=body.seed,
        clock=body.clock,
    )
    return _view(call, tenant)


async def read(call: Call) -> AccountView:
    """Read an account."""
    return _view(call, call.tenant)


async def change(call: Call, body: AccountChange) -> AccountView:
    """Change an account."""
    tenant = call.tenant
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    await call.engine.tenants.change(tenant, **{name: value for name, value in given.items() if value is not UNSET})
    return _view(call, tenant)


async def delete(call: Call) -> None:
    """Delete an account with all it holds."""
    tenant = call.tenant
    if tenant.account.sid == call.config.account_sid:
        raise Conflict("the default account cannot be deleted", remedy='empty it: POST reset {"all": true}')
    await call.engine.tenants.delete(tenant)


def _view(call: Call, tenant: Tenant) -> AccountView:
    account = tenant.account
    return AccountView(
        sid=account.sid,
        auth_token=account.auth_token,
        friendly_name=account.friendly_name,
        status=account.status,
        messages_enabled=account.messages_enabled,
        seed=account.seed,
        mode=account.mode,
        clock=tenant.clock.mode,
        created=iso(account.created),
        messages_url=f"{call.base_url}/api/{API_VERSION}/Accounts/{account.sid}/Messages",
    )


ROUTES = (
    Route("GET", "/health", health, errors=(503,)),
    Route("GET", "/accounts", list_accounts),
    Route("POST", "/accounts", create, status=201, errors=(403, 409)),
    Route("GET", "/accounts/{account}", read),
    Route("PATCH", "/accounts/{account}", change),
    Route("DELETE", "/accounts/{account}", delete, status=204, errors=(409,)),
)
