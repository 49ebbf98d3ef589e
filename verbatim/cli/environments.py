"""Commands about environments: where the tools come from."""

from __future__ import annotations

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.cli.values import fetcher_for, new_file


@command(make="make this environment's root, and print where it is")
def environments(context: Context, make: str = "") -> None:
    """List the environments: packages, sizes, digests.

    Example:

        ./invoke environments --make source
    """
    from verbatim.environments.definition import environment_folder
    from verbatim.environments.lock import Environment
    from verbatim.environments.rootfs import ensure_root
    from verbatim.report.environments import show_environments

    if make:
        console.result(str(ensure_root(Environment(environment_folder(make)), fetcher_for()).path))
    else:
        show_environments()


@command()
def lock(context: Context, environment: str = "") -> None:
    """Resolve environments again and write their lock.toml (for maintainers; needs Debian's apt).

    Without `--environment` it resolves all of them.

    Example:

        ./invoke lock --environment source
    """
    from verbatim.environments.definition import environment_folder, environment_names
    from verbatim.environments.resolve import write_lock

    for name in [environment] if environment else environment_names():
        write_lock(environment_folder(name), fetcher_for())


@command(
    load="load it into Docker",
    output="write it to this new file, which docker load takes",
    push="push it to a registry, as HOST/NAME:TAG",
)
def image(
    context: Context,
    environment: str = "",
    load: bool = False,
    output: str | None = None,
    push: str | None = None,
) -> None:
    """Make the image of an environment, whose digest is in the lock; without options, print its name.

    Example:

        ./invoke image --environment source --output source-environment.tar
    """
    from verbatim.commands.image import provide_image
    from verbatim.environments.definition import environment_folder
    from verbatim.environments.image import Image
    from verbatim.environments.lock import Environment
    from verbatim.report.image import show_image

    chosen = Environment(environment_folder(environment))
    made = Image.of(chosen)
    file = new_file("--output", output) if output is not None else None
    show_image(made, provide_image(made, chosen, fetcher_for(), load=load, output=file, reference=push))
