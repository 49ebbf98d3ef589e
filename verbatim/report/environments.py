"""Shows the environments."""

from __future__ import annotations

from verbatim import console
from verbatim.console import human_size
from verbatim.environments.definition import environment_folder, environment_names
from verbatim.environments.lock import Environment


def show_environments() -> None:
    """Print each environment's packages, sizes and root digest."""
    for name in environment_names():
        environment = Environment(environment_folder(name))
        lock = environment.lock
        console.result(f"{name}: {environment.definition.description}")
        console.result(f"  Debian {lock.suite}, {lock.architecture}, as of {lock.snapshot}")
        console.result(
            f"  {len(lock.package)} packages ({human_size(lock.download_size)} to fetch, "
            f"{human_size(lock.root_size)} unpacked), {len(lock.wheel)} wheels"
        )
        console.result(f"  root digest   {lock.root_sha256}")
        console.result(f"  image digest  {lock.image_sha256}")
        console.result(f"  NAR hash      {lock.nar_sha256}")
