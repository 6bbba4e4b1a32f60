"""A client of the rooms kind, as they are: JSON over TCP, with what one read gives taken for one object.

It sends each line of its standard input, which is JSON, as an object, and prints each object that it reads on a line
of its own, then "closed" when the server has closed. What one read gives and is no object ends it with an error.
"""

import json
import socket
import sys
import threading

READ_SIZE = 1024


def listen(connection: socket.socket) -> None:
    while data := connection.recv(READ_SIZE).decode():
        message = json.loads(data)
        if not isinstance(message["type"], str):
            raise TypeError("every object has a type")
        print(json.dumps(message), flush=True)
    print("closed", flush=True)


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    with socket.create_connection((host, port)) as connection:
        listener = threading.Thread(target=listen, args=(connection,))
        listener.start()
        for line in sys.stdin:
            connection.send(json.dumps(json.loads(line)).encode())
        listener.join()


main()
