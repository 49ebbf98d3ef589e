"""What of Verbatim's lies in a Docker daemon is removed when that is asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.archives import file, tar
from tests.integration.daemons import dockerd
from verbatim.engines.daemon import ensure_image, remove_images
from verbatim.environments.image import Image
from verbatim.environments.rootfs import Root

pytestmark = pytest.mark.integration


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """A client of a daemon of the test's own, which the environment names."""
    with dockerd() as daemon:
        monkeypatch.setenv("DOCKER_HOST", daemon.address)
        client = docker.DockerClient(daemon.address, timeout=60)
        yield client
        client.close()


def test_the_environments_images_are_removed_but_what_is_in_use(
    client: docker.DockerClient, root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    image = Image.of(root.environment)
    ensure_image(client, root)
    client.api.import_image_from_data(tar(file("other")), repository="localhost/other", tag="name")
    assert remove_images(days=1) == []
    container = client.containers.create(image.name, command="true")
    assert remove_images() == []
    assert f"{image.name} stays" in capsys.readouterr().err
    container.remove()
    assert remove_images() == [image.name]
    assert [tag for each in client.images.list() for tag in each.tags] == ["localhost/other:name"]
    assert remove_images() == []
