"""Which engines the tests must find on this machine."""

from __future__ import annotations

import os

import pytest

from verbatim.engines.choose import REQUIRED, lacking
from verbatim.engines.protocol import Engine


def require(engine: Engine) -> None:
    """Skip a test whose engine this machine lacks, and say why; fail it where the engine must be there, as in CI."""
    lack = lacking(engine)
    if lack is None:
        return
    reason = f"{lack.what}: {lack.found}"
    if engine.name in os.environ.get(REQUIRED, "sandbox").split(","):
        pytest.fail(reason)
    pytest.skip(reason)
