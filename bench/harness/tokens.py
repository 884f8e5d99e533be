"""JSON Web Tokens for clients: of many users, for peers, and with the algorithm that `carillon token` does not mint."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

LIFE_S = 86400


def of_user(subject):
    return {"sub": subject, "exp": int(time.time()) + LIFE_S}


def hs256(claims, secret):
    signed = unsigned("HS256", claims)
    return signed_with(signed, hmac.new(secret.encode(), signed, hashlib.sha256).digest())


def rs256(claims, private_key):
    """By a key in a PEM file."""
    signed = unsigned("RS256", claims)
    return signed_with(signed, subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(private_key)], input=signed,
                                              check=True, stdout=subprocess.PIPE).stdout)


def unsigned(algorithm, claims):
    return packed(json.dumps({"alg": algorithm}).encode()) + b"." + packed(json.dumps(claims).encode())


def signed_with(signed, signature):
    return (signed + b"." + packed(signature)).decode()


def packed(data):
    """base64url without its padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
