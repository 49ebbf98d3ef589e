"""The services behind one address, and the means to make them lie or fail."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.sigstore.certificate_log import CertificateLog
from tests.sigstore.faults import Lie, Outage, Service, Version
from tests.sigstore.fulcio import Fulcio
from tests.sigstore.refusal import Refusal
from tests.sigstore.rekor import Rekor, RekorV1, RekorV2
from tests.sigstore.timestamps import TimestampAuthority
from tests.sigstore.tokens import AUDIENCE, TokenIssuer
from tests.sigstore.trust import client_trust_config

_FULCIO_PATH = "/api/v2/signingCert"
_FIVE_MINUTES = timedelta(minutes=5)


class PrivateSigstore:
    """A Sigstore of its own keys, open while the block runs. What is said of it as data may be changed at any time."""

    def __init__(self, folder: Path, *, rekor: Version) -> None:
        #: The interface of Rekor that it speaks.
        self.speaks = rekor
        #: What is down, and how.
        self.down: dict[Service, Outage] = {}
        #: Which services were asked so far, in order. The CT log is asked by Fulcio, not by a client.
        self.asked: list[Service] = []
        #: The file that a client is given: a ClientTrustConfig.
        self.trust_config = folder / "trust-config.json"
        self.closing = threading.Event()
        self._lie: Lie | None = None
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._tokens = TokenIssuer()
        self._fulcio = Fulcio(self._tokens, CertificateLog())
        self._rekor: Rekor = RekorV1(self.host) if rekor == "v1" else RekorV2(self.host)
        # Rekor v1 has times of its own.
        self._timestamps = TimestampAuthority.new() if rekor == "v2" else None
        self.trust_config.write_text(json.dumps(self._trust(), indent=2), encoding="utf-8")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Those that are silent go first: the server waits for the threads that still answer.
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def lie(self) -> Lie | None:
        """What it lies about; nothing at first."""
        return self._lie

    @lie.setter
    def lie(self, lie: Lie | None) -> None:
        """Raises ValueError for a lie that would be none, so that no test takes the truth for one."""
        if lie is not None and not lie.is_told_by(self.speaks):
            raise ValueError(
                f"a Sigstore with Rekor {self.speaks} has no such thing to lie about: {lie.value}"
            )
        self._lie = lie

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def token(
        self,
        identity: str = "alice@example.com",
        *,
        issuer: str = "https://accounts.example.com",
        audience: str = AUDIENCE,
        expires: timedelta = _FIVE_MINUTES,
        **claims: object,
    ) -> str:
        """An OIDC token that Fulcio accepts, if it is for Sigstore and has not expired.

        `expires` is from now on, in the past if negative. `claims` come in addition, or instead, such as
        ``federated_claims={"connector_id": ...}`` for the issuer behind Sigstore's own.
        """
        return self._tokens.token(identity, issuer, audience, expires, claims)

    def service(self, path: str) -> Service | None:
        """Who is behind a path."""
        if path == _FULCIO_PATH:
            return Service.FULCIO
        if path in (self._rekor.path, f"{self._rekor.path}/retrieve"):
            return Service.REKOR
        if self._timestamps is not None and path == self._timestamps.path:
            return Service.TIMESTAMPS
        return None

    def answer(self, service: Service, content: bytes, token: str) -> tuple[str, bytes]:
        """Let a service answer: the answer's type and content; raises Refusal."""
        if service is Service.TIMESTAMPS:
            assert self._timestamps is not None
            return "application/timestamp-reply", self._timestamps.answer(content, self._lie)
        request = json.loads(content)
        answer: object
        if service is Service.REKOR and "entries" in request:
            assert isinstance(self._rekor, RekorV1), "only v1 gives its entries out"
            answer = self._rekor.retrieve(request, self._lie)
        elif service is Service.REKOR:
            answer = self._rekor.add(request, self._lie)
        elif Service.CT_LOG in self.down:
            raise Refusal("the CT log does not answer", status=500)
        else:
            answer = self._fulcio.certify(request, token, self._lie)
        return "application/json", json.dumps(answer).encode()

    def _trust(self) -> dict[str, object]:
        timestamps = self._timestamps
        return client_trust_config(
            self.url,
            fulcio=self._fulcio.authority,
            certificate_log=self._fulcio.log.key,
            rekor=self._rekor,
            timestamps=(timestamps.authority, self.url + timestamps.path) if timestamps else None,
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], sigstore: PrivateSigstore) -> None:
        super().__init__(address, _Handler)
        self.sigstore = sigstore


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        sigstore, service = self.server.sigstore, self.server.sigstore.service(self.path)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if service is None:
            self._refuse(HTTPStatus.NOT_FOUND, f"nothing is at {self.path}")
            return
        sigstore.asked.append(service)
        outage = sigstore.down.get(service)
        if outage is Outage.SILENT:
            sigstore.closing.wait()
        elif outage is Outage.FAILS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{service.value} is down")
        elif outage is None:
            self._answer(service, content)

    def _answer(self, service: Service, content: bytes) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            kind, answer = self.server.sigstore.answer(service, content, token)
        except Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        else:
            is_question = self.path.endswith("/retrieve")
            self._send(HTTPStatus.OK if is_question else HTTPStatus.CREATED, kind, answer)

    def _refuse(self, status: int, reason: str) -> None:
        self._send(status, "application/json", json.dumps({"code": status, "message": reason}).encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        """Keep no log."""
