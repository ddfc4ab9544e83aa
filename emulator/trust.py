"""Whose certificates callbacks trust: this machine's, read when the first of them needs it."""

import ssl
from typing import Any


class Trust(ssl.SSLContext):
    """A context that knows no certificates until its first connection: 30 ms that most servers never pay."""

    _read = False

    def wrap_bio(self, *values: Any, **named: Any) -> ssl.SSLObject:  # noqa: ANN401 - as in the base class
        """See SSLContext; event loops make every TLS connection by this."""
        if not self._read:
            self.load_default_certs()
            self._read = True
        return super().wrap_bio(*values, **named)
