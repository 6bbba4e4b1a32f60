"""A client of binary frames, made from the seed's description with Python's standard library alone.

Usage: client.py HOST PORT; one JSON array a line on stdin, one JSON array a line on stdout.
Commands: ["connect"], ["send", TYPE, {…}], ["hash", PASSWORD, HEX_SALT], ["close"]. Each frame that comes is printed as
["got", TYPE, {…}], the end of the connection as ["end"].
"""

import hashlib
import json
import socket
import ssl
import struct
import sys
import threading

TYPES = "ACK ERR DIS MSG LOG SES REG LIS FRP HIS UPD CHP CHM DEL".split()
lock = threading.Lock()


def say(*words):
    with lock:
        print(json.dumps(words), flush=True)


def pack(name, data):
    body = json.dumps(data).encode()
    return struct.pack("!BH", (1 << 6) | TYPES.index(name), len(body)) + body


def exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def listen(connection):
    try:
        while True:
            first, size = struct.unpack("!BH", exactly(connection, 3))
            assert first >> 6 == 1, first
            say("got", TYPES[first & 0b111111], json.loads(exactly(connection, size).decode()))
    except (EOFError, OSError):
        say("end")


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = None
    for line in sys.stdin:
        command, *words = json.loads(line)
        if command == "connect":
            connection = context.wrap_socket(socket.create_connection((host, port)))
            say("connected", connection.version())
            threading.Thread(target=listen, args=(connection,), daemon=True).start()
        elif command == "send":
            connection.sendall(pack(*words))
        elif command == "hash":
            password, salt = words[0].encode(), bytes.fromhex(words[1])
            say("hashed", (salt + hashlib.pbkdf2_hmac("sha256", password, salt, 10_000)).hex())
        elif command == "close":
            connection.close()


main()
