"""SIDs and seeded draws: the only source of randomness.

A draw is a hash of what it is about, never the next number of a shared generator, so it does not depend on which
request arrived first.
"""

import random
import secrets
from hashlib import blake2b

from emulator.clock import wall

_SEPARATOR = "\x1f"

# SIDs must differ, but need not be secret: asking the system for each would cost more than storing it
_chance = random.Random(secrets.randbits(256))


def random_sid(prefix: str) -> str:
    """A SID as the platform makes them: two letters and 32 lower-case hexadecimal digits.

    It begins with the instant, like a UUID of version 7, so that SIDs made together lie together in the store.
    """
    return f"{prefix}{wall():012x}{_chance.getrandbits(80):020x}"


def seeded_sid(prefix: str, *key: object) -> str:
    """The SID that belongs to `key`: the same key, the same SID."""
    return prefix + blake2b(_joined(prefix, key), digest_size=16).hexdigest()


def random_token() -> str:
    """An auth token: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def draw(*key: object) -> float:
    """A number in [0, 1) that belongs to `key`: the same key, the same number."""
    return int.from_bytes(blake2b(_joined("draw", key), digest_size=7).digest()) / (1 << 56)


def _joined(kind: str, key: tuple[object, ...]) -> bytes:
    return _SEPARATOR.join((kind, *map(str, key))).encode("utf-8", "surrogatepass")
