"""An identity provider with one key, over TLS, for the tests of the packages.

    provider.py CERTIFICATE KEY PORT      prints "ready", then serves until it is killed
"""

import http.server
import json
import ssl
import sys

KEYS = json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "sig",
                             "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}).encode()


class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(KEYS)))
        self.end_headers()
        self.wfile.write(KEYS)


def main():
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
