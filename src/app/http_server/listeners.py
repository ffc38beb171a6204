"""Closes a listening socket without losing connections, where the system can: closing one resets those in its queue."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress

HANDSHAKE_TIME = 0.1
"""Seconds for connections to be completed that began before new ones were turned away."""
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux, which the module socket does not have
_FLAGS, _SYN, _SYN_ACK = 13, 0x02, 0x12  # where the flags of a TCP header are, and what a first packet has of two
_DROP_NEW = (  # classic BPF: code, jump if true, jump if false, operand
    (0x30, 0, 0, _FLAGS),  # load the byte
    (0x54, 0, 0, _SYN_ACK),  # mask it
    (0x15, 0, 1, _SYN),  # skip the next unless it is equal
    (0x06, 0, 0, 0),  # drop the packet
    (0x06, 0, 0, 0xFFFF),  # keep it
)


def turn_away_new(listener: socket.socket) -> None:
    """Has the kernel ignore whoever connects from now on, in every process that has this socket.

    What is connected or about to be stays. Where the system cannot (it is not Linux), nothing happens.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROP_NEW))
    with suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", len(_DROP_NEW), ctypes.addressof(program))
        )


def accept_waiting(listener: socket.socket) -> list[socket.socket]:
    """The connections that are complete and that nobody has accepted yet."""
    listener.setblocking(False)
    accepted = []
    with suppress(OSError):  # there is none left, or no descriptor for it
        while True:
            connection, _ = listener.accept()
            connection.setblocking(False)
            accepted.append(connection)
    return accepted
