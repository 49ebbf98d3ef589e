"""What is in the tree, as JSON: describe.py TRIPLET SONAME=PACKAGE ..., run by the interpreter that was built."""

import json
import platform
import re
import sys
import sysconfig
from pathlib import Path

STATUS = Path("/var/lib/dpkg/status")
#: What the tree was configured for, before it was moved.
PREFIX = "/relocatable"


def main() -> None:
    """Print it."""
    triplet, *libraries = sys.argv[1:]
    stanzas = STATUS.read_text(encoding="utf-8").split("\n\n")
    packages = [dict(re.findall(r"^(Package|Version): (.+)$", stanza, re.MULTILINE)) for stanza in stanzas]
    versions = {package["Package"]: package["Version"] for package in packages if package}
    described = {
        "c_library": " ".join(platform.libc_ver()),
        "compiler": platform.python_compiler(),
        "configure": sysconfig.get_config_var("CONFIG_ARGS").replace(sys.base_prefix, PREFIX),
        "flags": sysconfig.get_config_var("PY_CFLAGS"),
        "libraries": [describe(library, versions) for library in sorted(libraries)],
        "license": "licenses/cpython",
        "triplet": triplet,
        "version": platform.python_version(),
    }
    json.dump(described, sys.stdout, indent=2)
    sys.stdout.write("\n")


def describe(library: str, versions: dict[str, str]) -> dict[str, str]:
    """One bundled library."""
    soname, _, package = library.partition("=")
    return {
        "file": f"lib/{soname}",
        "license": f"licenses/{package}",
        "package": package,
        "version": versions[package],
    }


if __name__ == "__main__":
    main()
