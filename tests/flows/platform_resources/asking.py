"""Asking the platform's resources, as an account."""

from typing import Any

from tests.running import Answered, Server, credentials

OTHER = ("AC" + "f" * 32, "another token")


class Platform:
    """The resources of one account. `sid` and `token` are the default account's unless given."""

    def __init__(self, server: Server, sid: str = "", token: str = "") -> None:
        self.server = server
        self.sid = sid or server.config.account_sid
        self.token = token or server.config.auth_token

    async def ask(
        self, method: str, path: str, *, prefix: str = "/restcomm", accept: str | None = None, **options: Any
    ) -> Answered:
        """Any request below the account; a dict as `data` is a form. `accept` is the Accept header, */* by default."""
        headers = credentials(self.sid, self.token) | ({"Accept": accept} if accept is not None else {})
        url = f"{prefix}/2012-04-24/Accounts/{self.sid}/{path}"
        return await self.server.request(method, url, headers=headers | options.pop("headers", {}), **options)

    async def get(self, path: str, **query: str | int) -> Any:
        """What a GET shows as JSON; it must be answered with 200."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status == 200, answer.text
        return answer.json

    async def post(self, path: str, **form: str) -> Any:
        """What a POST of a form shows as JSON; it must be answered with 200."""
        answer = await self.ask("POST", path, data=form)
        assert answer.status == 200, answer.text
        return answer.json
