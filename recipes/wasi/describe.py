"""What is in a tree, as JSON: describe.py TREE VERSION TRIPLET C_LIBRARY COMPILER FILE=PACKAGE ...

Run by any interpreter of the same series: that in the tree may be for another machine.
"""

import json
import re
import runpy
import sys
from pathlib import Path

STATUS = Path("/var/lib/dpkg/status")
#: What trees are configured for that can be moved.
PREFIX = "/relocatable"


def main() -> None:
    """Print it."""
    tree, version, triplet, c_library, compiler, *libraries = sys.argv[1:]
    (data,) = Path(tree).glob("**/lib/python3*/_sysconfigdata_*.py")
    # As if it had not been moved.
    sys.base_prefix = PREFIX
    variables = runpy.run_path(str(data))["build_time_vars"]
    stanzas = STATUS.read_text(encoding="utf-8").split("\n\n")
    packages = [dict(re.findall(r"^(Package|Version): (.+)$", stanza, re.MULTILINE)) for stanza in stanzas]
    # Of all architectures there is the same version: dpkg wants it so.
    versions = {package["Package"]: package["Version"] for package in packages if package}
    described = {
        "c_library": c_library,
        "compiler": compiler,
        "configure": variables["CONFIG_ARGS"],
        "flags": variables["PY_CFLAGS"],
        "libraries": [describe(library, versions) for library in sorted(libraries)],
        "license": "licenses/cpython",
        "triplet": triplet,
        "version": version,
    }
    json.dump(described, sys.stdout, indent=2)
    sys.stdout.write("\n")


def describe(library: str, versions: dict[str, str]) -> dict[str, str]:
    """One library that was put into the tree, or into a file of it."""
    file, _, package = library.partition("=")
    package = package.partition(":")[0]
    return {
        "file": file,
        "license": f"licenses/{package}",
        "package": package,
        "version": versions[package],
    }


if __name__ == "__main__":
    main()
