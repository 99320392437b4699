"""The public key of an Ed25519 private key (RFC 8032 section 5.1.5), so that zone keys can be made from a seed.

For tests only: slow, and careless about who may watch."""
import hashlib

P = 2 ** 255 - 19
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def _x_of(y):
    """The even x with (x, y) on the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x & 1 else x


def _add(a, b):
    (x1, y1), (x2, y2) = a, b
    cross = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + cross, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - cross, P - 2, P) % P)


def public_key(private):
    """private and the result: 32 octets."""
    digest = bytearray(hashlib.sha512(private).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    scalar = int.from_bytes(digest, "little")
    point, result = (_x_of(BASE_Y), BASE_Y), (0, 1)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    x, y = result
    return (y | (x & 1) << 255).to_bytes(32, "little")
