"""A client of the seed's kind, in Python's standard library: it says what it is told to, and prints what it hears.

Usage: client.py HOST PORT USER PASSWORD MODE, where MODE is `register`, `login` or `guest`. On standard input come lines:
`say TEXT`, `users true|false`, `typing true|false`, `quit`. What it hears is printed, one JSON object a line.
"""

import hashlib
import json
import socket
import sys
import threading


class Client:
    def __init__(self, host, port, user):
        self.socket = socket.create_connection((host, port))
        self.user = user
        self.decoder = json.JSONDecoder()
        self.text = ""

    def send(self, kind, **fields):
        self.socket.sendall(json.dumps({"user": self.user, "type": kind, **fields}).encode())

    def receive(self):
        """The next object; None when the connection is closed."""
        while True:
            self.text = self.text.lstrip()
            try:
                message, end = self.decoder.raw_decode(self.text)
                self.text = self.text[end:]
                return message
            except ValueError:
                chunk = self.socket.recv(1024)
                if not chunk:
                    return None
                self.text += chunk.decode()

    def answer(self, kind):
        """The next object, which has to be of the kind."""
        message = self.receive()
        if message is None or message["type"] != kind:
            sys.exit(f"expected {kind}, got {message}")
        return message

    def hashed(self, password):
        self.send("salt")
        salt = self.answer("salt")["salt"]
        salt_bytes = salt.encode() if len(salt) == 32 else bytes.fromhex(salt)
        return hashlib.pbkdf2_hmac("sha256", password.encode(), salt_bytes, 10000).hex()

    def enter(self, mode, password):
        if mode == "guest":
            self.send("guest")
        else:
            if mode == "register":
                self.send("register")
                if self.answer("username_register_status")["taken"] != "false":
                    sys.exit("the name is taken")
            self.send("login", password=self.hashed(password))
            if mode == "register" and self.answer("register_status")["status"] != "true":
                sys.exit("not registered")
        if self.answer("login")["success"] != "true" or self.answer("login_status")["status"] != "true":
            sys.exit("not logged in")


def listen(client):
    while True:
        message = client.receive()
        print(json.dumps(message), flush=True)
        if message is None or message["type"] in ("shutdown", "banned", "wrong_ip", "outdated_client"):
            client.socket.close()
            return


def main():
    host, port, user, password, mode = sys.argv[1:]
    client = Client(host, int(port), user)
    client.enter(mode, password)
    print(json.dumps({"type": "entered"}), flush=True)
    listener = threading.Thread(target=listen, args=(client,))
    listener.start()
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "say":
            client.send("message", message=rest)
        elif word == "users":
            client.send("userlist", onlinetype=rest)
        elif word == "typing":
            client.send("typing", status=rest)
        elif word == "quit":
            client.send("disconnect")
    listener.join()


main()
