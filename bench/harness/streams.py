"""A client's bytes, plain or through TLS. receive() returns b"" while there is nothing, and None at the end."""

import ssl

READ_BYTES = 256 * 1024
HANDSHAKE_S_MAX = 10
TLS_HEADER_BYTES = 5
APPLICATION_DATA = 23


class PlainStream:
    records = 0  # of TLS

    def __init__(self, end):
        self.end = end

    def fileno(self):
        return self.end.fileno()

    def go_on_without_blocking(self):
        self.end.setblocking(False)

    def send(self, data):
        """Sends all of it: these clients send short messages only."""
        self.end.setblocking(True)
        self.end.sendall(data)

    def receive(self):
        try:
            return self.end.recv(READ_BYTES) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def close(self):
        self.end.close()


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is a certificate of the benchmark's own
    return context


class TlsStream(PlainStream):
    """Sees the records that come, to count them: one a flush is what the gateway promises."""

    def __init__(self, end, context):
        super().__init__(end)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.records = 0
        self.unseen = b""  # the beginning of a record's header
        self.skip = 0      # of the record that is passing
        end.settimeout(HANDSHAKE_S_MAX)
        while not self.shook_hands():
            self.take(end.recv(READ_BYTES))
        self.end.setblocking(True)

    def shook_hands(self):
        try:
            self.tls.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        self.end.sendall(self.outgoing.read())
        return done

    def take(self, data):
        if not data:
            raise ConnectionError("closed in the TLS handshake")
        self.count_records(data)
        self.incoming.write(data)

    def count_records(self, data):
        data, at = self.unseen + data, self.skip
        while at + TLS_HEADER_BYTES <= len(data):
            self.records += data[at] == APPLICATION_DATA
            at += TLS_HEADER_BYTES + int.from_bytes(data[at + 3:at + 5], "big")
        self.unseen, self.skip = (data[at:], 0) if at < len(data) else (b"", at - len(data))

    def send(self, data):
        self.tls.write(data)
        super().send(self.outgoing.read())

    def receive(self):
        data = super().receive()
        if not data:
            return data
        self.take(data)
        received = []
        try:
            while piece := self.tls.read(READ_BYTES):
                received.append(piece)
            return None  # close_notify
        except ssl.SSLWantReadError:
            return b"".join(received)
        except ssl.SSLError:
            return None
