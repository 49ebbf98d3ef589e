"""Runs an interpreter for WASI in Wasmtime: wasi.py TREE ARGUMENT ..., with the tree as its ``/``, read-only.

The folder that this is started in has the same path there, and may be written to.
"""

import os
import sys

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig

#: In bytes: CPython's own limits for recursion are made for about so much.
STACK = 2_000_000


def main() -> None:
    """Run it to its end, and end with its status."""
    tree, *arguments = sys.argv[1:]
    config = Config()
    config.max_wasm_stack = STACK
    # One machine compiles it once.
    config.cache = True
    settings = WasiConfig()
    settings.argv = ["python.wasm", *arguments]
    settings.env = [(name, value) for name, value in os.environ.items() if name in ("LC_ALL", "TMPDIR", "TZ")]
    settings.preopen_dir(tree, "/", False)
    settings.preopen_dir(os.getcwd(), os.getcwd())
    settings.inherit_stdout()
    settings.inherit_stderr()
    engine = Engine(config)
    store = Store(engine)
    store.set_wasi(settings)
    linker = Linker(engine)
    linker.define_wasi()
    module = Module.from_file(engine, os.path.join(tree, "python.wasm"))
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except ExitTrap as ended:
        sys.exit(ended.code)


if __name__ == "__main__":
    main()
