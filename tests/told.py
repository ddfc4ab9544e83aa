"""A message whose whole life the app is told of, and how that went."""

from typing import Any

from tests.running import Server


async def tell(server: Server, url: str, **parameters: Any) -> dict[str, Any]:
    """Send a message and play its whole life; returns the control API's view of it."""
    sent = await server.send(status_callback=url, **parameters)
    await server.post("clock/advance", {"to": "idle"})
    whole: dict[str, Any] = await server.get(f"messages/{sent['sid']}")
    return whole


def attempts(whole: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [(each["status"], each["outcome"], each["answer_status"]) for each in whole["callbacks"]]
