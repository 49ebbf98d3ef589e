"""A build backend (PEP 517) that needs nothing: it compiles one extension as sysconfig says that it is done."""

import os
import shlex
import subprocess
import sysconfig
import zipfile

NAME = "verbatim_extension"
DIST_INFO = f"{NAME}-1.dist-info"


def build_wheel(wheel_directory: str, *_: object) -> str:
    """Compile, link, and pack."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    headers = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    include = [f"-I{folder}" for folder in sorted(headers)]
    compile_flags = [*words("CC"), *words("CFLAGS"), *words("CCSHARED"), *include]
    subprocess.run([*compile_flags, "-c", "extension.c", "-o", "extension.o"], check=True)
    subprocess.run([*words("LDSHARED"), "extension.o", "-o", f"{NAME}{suffix}"], check=True)
    tag = f"{interpreter()}-{interpreter()}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    files = {
        f"{DIST_INFO}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1\n",
        f"{DIST_INFO}/WHEEL": f"Wheel-Version: 1.0\nGenerator: backend\nRoot-Is-Purelib: false\nTag: {tag}\n",
        f"{DIST_INFO}/RECORD": f"{NAME}{suffix},,\n{DIST_INFO}/METADATA,,\n{DIST_INFO}/WHEEL,,\n{DIST_INFO}/RECORD,,\n",
    }
    name = f"{NAME}-1-{tag}.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.write(f"{NAME}{suffix}")
        for path, text in files.items():
            wheel.writestr(path, text)
    return name


def words(variable: str) -> list[str]:
    """A command, or flags, as make would hand them to a shell."""
    return shlex.split(sysconfig.get_config_var(variable) or "")


def interpreter() -> str:
    """Its tag, which is its ABI's, too: cp313, or cp313t without the global interpreter lock."""
    version = sysconfig.get_config_var("py_version_nodot")
    return f"cp{version}{'t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''}"
