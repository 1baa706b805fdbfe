"""The name server's answers."""

import socket
import struct
import unittest

from names import reply


def question(name, kind):
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", kind, 1)


class NameServerTests(unittest.TestCase):
    def test_an_address_is_answered_for_its_type_only(self):
        for kind, records in ((1, 1), (28, 0)):
            answer = reply(question("servidores.faltas.test", kind))
            identifier, flags, questions, found = struct.unpack("!HHHH", answer[:8])
            self.assertEqual((identifier, flags & 0x800F, questions, found), (0x1234, 0x8000, 1, records))
        self.assertEqual(socket.inet_ntoa(reply(question("a.test", 1))[-4:]), "127.0.0.1")

    def test_further_records_of_the_question_are_not_repeated(self):
        # An EDNS record follows the question of many resolvers.
        query = question("a.test", 1)
        self.assertEqual(reply(query + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"), reply(query))
