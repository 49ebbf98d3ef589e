"""The contract: what a build sees, the same in every engine; it is in ``contract.toml`` beside this module."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from verbatim.data import load_model


class Contract(BaseModel):
    """The fields of ``contract.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: int
    host: str
    build: str
    #: Options of bwrap(1).
    confinement: list[str]
    mounts: list[str]
    variables: dict[str, str]


CONTRACT = load_model(
    Path(__file__).with_name("contract.toml"), Contract, "restore it, for instance with git checkout"
)
#: Inside, every build is this user, on this host, in this folder.
UID = CONTRACT.uid
HOST_NAME = CONTRACT.host
BUILD = CONTRACT.build


def variables(home: str, epoch: int) -> dict[str, str]:
    """The variables inside, but for ``PWD``; ``epoch`` is in seconds since 1970."""
    return {**CONTRACT.variables, "HOME": home, "SOURCE_DATE_EPOCH": str(epoch)}
