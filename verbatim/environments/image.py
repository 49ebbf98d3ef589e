"""The image of an environment for Docker and compatible programs: an OCI image layout with a digest known beforehand.

Its one layer is the root's canonical tar, uncompressed, so that its digest is the root's; all else follows
from the lock. See the OCI image specification (image-layout.md, config.md, manifest.md); ``manifest.json`` is
what `docker load` has always read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verbatim import console
from verbatim.archive.canonical import write_tree
from verbatim.caches import Cache
from verbatim.digest import SupportsWrite, sha256_bytes
from verbatim.environments.lock import Environment, Lock
from verbatim.environments.rootfs import Root
from verbatim.errors import MismatchError
from verbatim.scratch import scratch

#: What images are laid out in.
_IMAGES = Cache("images")

#: All environments' images have this name in a daemon. No daemon ever asks that host for an image.
REPOSITORY = "localhost/verbatim"


@dataclass(frozen=True)
class Image:
    """The image of an environment: its names, and its contents except the layer."""

    environment: Environment
    config: bytes
    manifest: bytes

    @classmethod
    def of(cls, environment: Environment) -> Image:
        """The image that a lock describes; nothing needs to exist yet.

        Raises MismatchError if it has another digest than the lock names: another Verbatim wrote that.
        """
        lock = environment.lock
        if image_sha256(lock) != lock.image_sha256:
            raise MismatchError(
                f"the image of {environment.name} has digest sha256:{image_sha256(lock)}, "
                f"its lock says sha256:{lock.image_sha256}",
                f"a maintainer can run: ./invoke lock --environment {environment.name}",
            )
        config = _config(lock)
        return cls(environment, config, _manifest(lock, config))

    @property
    def digest(self) -> str:
        """The digest that registries, and Docker with containerd's store, use."""
        return f"sha256:{sha256_bytes(self.manifest)}"

    @property
    def config_digest(self) -> str:
        """The digest that Docker with its own store, and Podman, use."""
        return f"sha256:{sha256_bytes(self.config)}"

    @property
    def tag(self) -> str:
        """A tag that depends on the content."""
        return self.digest.removeprefix("sha256:")[:16]

    @property
    def name(self) -> str:
        """Its name in a daemon."""
        return f"{REPOSITORY}/{self.environment.name}:{self.tag}"

    def write_layout(self, root: Root, folder: Path) -> None:
        """Write the layout into a new folder; raises MismatchError if the root is not the locked one."""
        lock = self.environment.lock
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        with (blobs / lock.root_sha256).open("wb") as layer:
            tree = write_tree(root.path, lock.time, layer)
        if tree.sha256 != lock.root_sha256:
            raise MismatchError(
                f"environment {self.environment.name} has root digest {tree.sha256}, its lock says {lock.root_sha256}",
                "do not use this image; find out what changed the cache",
            )
        for blob in (self.config, self.manifest):
            (blobs / sha256_bytes(blob)).write_bytes(blob)
        (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
        (folder / "index.json").write_bytes(_json(self._index()))
        (folder / "manifest.json").write_bytes(_json(self._load_manifest()))

    def write_archive(self, layout: Path, output: SupportsWrite) -> None:
        """Pack a layout as `docker load` takes it: the same bytes each time."""
        write_tree(layout, self.environment.lock.time, output)

    def _index(self) -> dict[str, Any]:
        return {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": self.digest,
                    "size": len(self.manifest),
                    "annotations": {"org.opencontainers.image.ref.name": self.tag},
                    "platform": {"architecture": self.environment.lock.architecture, "os": "linux"},
                }
            ],
        }

    def _load_manifest(self) -> list[dict[str, Any]]:
        def blob(digest: str) -> str:
            return f"blobs/sha256/{digest.removeprefix('sha256:')}"

        return [
            {
                "Config": blob(self.config_digest),
                "RepoTags": [self.name],
                "Layers": [blob(self.environment.lock.root_sha256)],
            }
        ]


@contextmanager
def laid_out(image: Image, root: Root) -> Iterator[Path]:
    """The image's layout, in a folder that exists while the block runs; raises as `Image.write_layout` does."""
    with scratch(_IMAGES.folder) as work:
        layout = work / "layout"
        with console.progress(f"making the image of {image.environment.name}", unit="things"):
            image.write_layout(root, layout)
        yield layout


def image_sha256(lock: Lock) -> str:
    """The digest that the lock's image has, in hexadecimal digits."""
    return sha256_bytes(_manifest(lock, _config(lock)))


def _config(lock: Lock) -> bytes:
    created = datetime.fromtimestamp(lock.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _json(
        {
            # Debian's name and Docker's are the same for amd64 and arm64.
            "architecture": lock.architecture,
            "os": "linux",
            "created": created,
            "config": {
                "Cmd": ["/usr/bin/bash"],
                "Env": ["PATH=/usr/local/bin:/usr/bin:/usr/sbin"],
                "User": "1000:1000",
                "WorkingDir": "/build",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{lock.root_sha256}"]},
            "history": [{"created": created, "created_by": "verbatim"}],
        }
    )


def _manifest(lock: Lock, config: bytes) -> bytes:
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{sha256_bytes(config)}",
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": f"sha256:{lock.root_sha256}",
                    "size": lock.root_size,
                }
            ],
        }
    )


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
