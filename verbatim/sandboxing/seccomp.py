"""A filter on system calls for what namespaces do not isolate.

Keyrings and virtual-machine sockets belong to no namespace that bubblewrap could create: a recipe could read the
user's keys, or talk to the hypervisor. The program is in the classic BPF of seccomp(2), for x86-64.
"""

from __future__ import annotations

import struct

#: System calls that no build needs, by their numbers: they fail with EPERM.
_REFUSED = {
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "perf_event_open": 298,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
}
_SOCKET = 41
_AF_VSOCK = 40
#: Above it are the numbers of the x32 ABI, with which the same calls could be made.
_X32 = 0x40000000
_X86_64 = 0xC000003E

# linux/seccomp.h: offsets of the number, the architecture and the first argument in struct seccomp_data.
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050001


def program() -> bytes:
    """The filter, as bwrap(1) takes it with ``--seccomp``."""
    refused = [(_IF_AT_LEAST, _X32), *((_IF_EQUAL, number) for number in _REFUSED.values())]
    # The indices of the last two instructions: three come before the tests, three after them.
    allow = len(refused) + 6
    fail = allow + 1
    return b"".join(
        [
            _instruction(0, _LOAD, _ARCHITECTURE),
            _instruction(1, _IF_EQUAL, _X86_64, otherwise=fail),
            _instruction(2, _LOAD, _NUMBER),
            *(_instruction(index, test, value, then=fail) for index, (test, value) in enumerate(refused, 3)),
            _instruction(allow - 3, _IF_EQUAL, _SOCKET, otherwise=allow),
            _instruction(allow - 2, _LOAD, _ARGUMENT),
            _instruction(allow - 1, _IF_EQUAL, _AF_VSOCK, then=fail),
            _instruction(allow, _RETURN, _ALLOW),
            _instruction(fail, _RETURN, _FAIL),
        ]
    )


def _instruction(index: int, code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One struct sock_filter; jumps are counted from the instruction after it."""
    forward = [target - index - 1 if target else 0 for target in (then, otherwise)]
    return struct.pack("=HBBI", code, *forward, value)
