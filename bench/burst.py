"""Many questions by UDP with one call of the system, and their answers likewise: what asking ten thousand zones costs should be
small beside what is measured."""
import ctypes
import errno
import os
import socket
import struct

ANSWER_MAX = 4096
MSG_WAITFORONE = 0x10000


class _Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    """struct mmsghdr: the address is that of connect."""
    _fields_ = [("name", ctypes.c_void_p), ("name_len", ctypes.c_uint32), ("parts", ctypes.POINTER(_Part)),
                ("part_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_len", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("padding", ctypes.c_int), ("len", ctypes.c_uint)]


class Burst:
    """Over a connected socket, at most `most` messages at once."""

    def __init__(self, connection, most, timeout_s):
        self.connection = connection
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                              struct.pack("ll", int(timeout_s), int(timeout_s % 1 * 1000000)))
        self.out, self.out_parts = _messages(most)
        self.into, parts = _messages(most)
        self.buffers = [(ctypes.c_char * ANSWER_MAX)() for _ in range(most)]
        for part, buffer in zip(parts, self.buffers):
            part.base, part.len = ctypes.addressof(buffer), ANSWER_MAX
        self.library = ctypes.CDLL(None, use_errno=True)

    def send(self, questions):
        """How many went out: all of them, unless the port is closed or the kernel has no room."""
        kept = [ctypes.c_char_p(q) for q in questions]
        for part, text, question in zip(self.out_parts, kept, questions):
            part.base, part.len = ctypes.cast(text, ctypes.c_void_p).value, len(question)
        sent = self._call("sendmmsg", self.out, len(questions), 0)
        return max(sent, 0)

    def receive(self, most):
        """Those that are there, at least one; none: nothing has come for the whole timeout, or the port is closed."""
        count = self._call("recvmmsg", self.into, most, MSG_WAITFORONE, None)
        return [ctypes.string_at(self.buffers[i], self.into[i].len) for i in range(max(count, 0))]

    def _call(self, name, *arguments):
        ctypes.set_errno(0)
        result = getattr(self.library, name)(self.connection.fileno(), *arguments)
        if result < 0 and ctypes.get_errno() not in _EXPECTED:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result


def _messages(most):
    messages, parts = (_Message * most)(), (_Part * most)()
    for message, part in zip(messages, parts):
        message.parts, message.part_count = ctypes.pointer(part), 1
    return messages, parts


_EXPECTED = {errno.ECONNREFUSED, errno.EAGAIN, errno.ENOBUFS, errno.EINTR}
