"""Device certificates: a server that asks for them, and servers that are not who they say."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ingest.errors import Permanent
from ingest.gateway.settings import tls
from tests.ingest.gateway.box import a_clock, a_delivery, drained, settings_of, some, store
from tests.ingest.gateway.service import Service


class Authority:
    """A certificate authority for an afternoon."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name, self.key, None)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, key, issuer):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if issuer is not None:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name):
        """Paths of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key, self.certificate)
        cert, private = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        private.chmod(0o600)
        return str(cert), str(private)


@pytest.fixture
def city(tmp_path):
    return Authority(tmp_path, "city")


def a_server(city):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*city.issue("server"))
    context.load_verify_locations(city.path)
    context.verify_mode = ssl.CERT_REQUIRED
    return Service(context=context)


def posted(tmp_path, service, **server):
    from ingest.gateway.runner import Gateway
    from ingest.gateway.spool import Spool
    from tests.ingest.gateway.box import Said

    settings = settings_of(tmp_path, service, **server)
    gateway = Gateway(settings, Spool(tmp_path / "spool"), Said(), clock=a_clock())
    store(gateway.spool, a_delivery(gateway.spool, some(2)))
    return drained(gateway), gateway


def test_a_box_with_a_certificate_of_the_city_is_let_in(tmp_path, city):
    """Both show who they are."""
    cert, key = city.issue("box")
    with a_server(city) as service:
        assert posted(tmp_path, service, ca=str(city.path), cert=cert, key=key)[0]
        assert len(service.stored) == 2


@pytest.mark.parametrize("shows", ["nothing", "another"])
def test_a_box_without_the_right_certificate_keeps_its_readings(tmp_path, city, shows):
    """The server ends the connection; nothing is lost."""
    other = Authority(tmp_path, "other")
    cert, key = other.issue("box")
    mine = {} if shows == "nothing" else {"cert": cert, "key": key}
    with a_server(city) as service:
        sent, gateway = posted(tmp_path, service, ca=str(city.path), **mine)
        assert not sent
        assert service.posts == 0
    assert gateway.poster.state == "offline"
    assert gateway.spool.counts()["waiting"] == {"urgent": 2}


def test_a_server_that_the_city_did_not_certify_gets_nothing(tmp_path, city):
    """No token, no reading."""
    other = Authority(tmp_path, "other")
    cert, key = city.issue("box")
    with a_server(city) as service:
        assert not posted(tmp_path, service, ca=str(other.path), cert=cert, key=key)[0]
        assert service.heads == []


def test_a_key_that_others_may_read_is_refused(tmp_path, city):
    """As a token is."""
    cert, key = city.issue("box")
    server = settings_of(tmp_path, cert=cert, key=key).server
    assert tls(server).verify_mode == ssl.CERT_REQUIRED
    (tmp_path / "box.key").chmod(0o644)
    with pytest.raises(Permanent, match="chmod 600"):
        tls(server)
