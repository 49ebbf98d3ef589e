"""Runs an interpreter for WASI in Wasmtime: wasi.py TREE ARGUMENT ..., with the tree as its ``/``.

The folder that this is started in has the same path there. What may be written is what the files' modes say: of a folder
that is opened for reading only, Wasmtime does not even say that a file is not there that shall be removed.
"""

import ctypes
import os
import sys
import threading

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig
from wasmtime._ffi import dll

#: In bytes: CPython's own limits for recursion are made for so much (Tools/wasm/wasi.py).
STACK = 8 << 20


def main() -> None:
    """Run it to its end, in a thread whose stack has room for that; end with its status."""
    ended = []
    threading.stack_size(2 * STACK)
    thread = threading.Thread(target=lambda: ended.append(run(*sys.argv[1:])))
    thread.start()
    thread.join()
    # What was raised has ended the thread.
    sys.exit(ended[0] if ended else 1)


def run(tree: str, *arguments: str) -> int:
    """Run it to its end, and give its status."""
    config = Config()
    # Of Wasmtime's C API (wasmtime/config.h): Config does not have it, and the other stack cannot be larger.
    dll.wasmtime_config_async_stack_size_set(config.ptr(), ctypes.c_size_t(2 * STACK))
    config.max_wasm_stack = STACK
    # One machine compiles it once.
    config.cache = True
    settings = WasiConfig()
    settings.argv = ["python.wasm", *arguments]
    settings.env = [(name, value) for name, value in os.environ.items() if name in ("LC_ALL", "TMPDIR", "TZ")]
    settings.preopen_dir(tree, "/")
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
        return ended.code
    return 0


if __name__ == "__main__":
    main()
