"""Certificates for tests: self-signed, so that each is its own authority."""
import base64
import datetime
import hashlib
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


class Certificate(NamedTuple):
    certificate: str  # paths of PEM files
    key: str

    def _loaded(self):
        with open(self.certificate, "rb") as file:
            return x509.load_pem_x509_certificate(file.read())

    @property
    def subject(self):
        return self._loaded().subject

    @property
    def private(self):
        with open(self.key, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)

    @property
    def pin(self):
        """As kdig takes it: the public key's SHA-256 in base64."""
        public = self._loaded().public_key()
        octets = public.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(octets).digest()).decode()

    def copy_certificate(self, path):
        with open(self.certificate, "rb") as source, open(path, "wb") as target:
            target.write(source.read())

    def replace_by(self, other):
        """These files get the other's content."""
        for own, its in zip(self, other):
            with open(its, "rb") as source, open(own, "wb") as target:
                target.write(source.read())


def make(folder, name, kind="ec", days=1, signer=None, host=None):
    """A certificate in folder, for the host name (name, if there is no other), valid so many days from now (negative:
    until then); kind is ec or rsa.  signer: who has signed it, itself if nobody."""
    private = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signing = (signer.subject, signer.private) if signer else (subject, private)
    now, day = datetime.datetime.utcnow(), datetime.timedelta(days=1)
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(private.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - 10 * day)
                   .not_valid_after(now + days * day)
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName(host or name)]), critical=False)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .sign(signing, hashes.SHA256()))
    made = Certificate(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
    with open(made.certificate, "wb") as file:
        file.write(certificate.public_bytes(PEM))
    with open(made.key, "wb") as file:
        file.write(private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return made
