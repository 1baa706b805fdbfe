"""A merchant signs in to the page through an OpenID Connect issuer, in headless Chromium.

usage: sign_in.py ISSUER TOKEN_ORIGIN   (and in the environment what painel.py reads)

The issuer runs here, at two origins of loopback: its token endpoint has one of its own. The services have to be configured for it:
auth.jwks_url is ISSUER/keys, auth.aud "fluxo-caixa", auth.tolerancia_s 0, and painel.oidc.* names both origins and the client "painel".
"""

import base64
import contextlib
import hashlib
import http.server
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import requests
from pages import WAIT_S, started
from painel import ACCOUNT, CONSOLIDADO, LANCAMENTOS, SCOPES, Person

PAGE = f"{CONSOLIDADO}/painel"
CLIENT = "painel"
# Wherever it stands in a token, its bytes become both letters in which base64url differs from base64, and some are not ASCII.
NAME = "ana é >>>???"
LIFETIME_S = 3600
# Longer than the page's pause between two renewals.
SHORT_LIFETIME_S = 8


def encoded(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def run(*command, given=b""):
    return subprocess.run(["openssl", *command], input=given, capture_output=True, check=True).stdout


class Issuer:
    """Lets everybody in at once, by the rules of the code flow: registered address, PKCE, each code once."""

    def __init__(self, url, token_origin, folder):
        self.url, self.token_origin = url, token_origin
        self.key = f"{folder}/key.pem"
        run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key)
        self.codes = {}
        self.renewals = set()
        # The kinds of grant that were given, and the addresses after sign-out.
        self.grants, self.farewells = [], []
        # What a test changes: parameters of the answer in the address, claims of the tokens, what the issuer says of itself, how long the
        # tokens last, and what is refused.
        self.answer, self.claims, self.described, self.lifetime_s = {}, {}, {}, LIFETIME_S
        self.is_silent = self.forgets_codes = self.refuses_renewal = False

    def signed(self, claims):
        parts = ({"alg": "RS256", "kid": "1", "typ": "JWT"}, claims)
        text = ".".join(encoded(json.dumps(part, ensure_ascii=False).encode()) for part in parts)
        return f"{text}.{encoded(run('dgst', '-sha256', '-sign', self.key, given=text.encode()))}"

    def token(self):
        now = int(time.time())
        claims = {"iss": self.url, "aud": "fluxo-caixa", "sub": NAME, "iat": now, "exp": now + self.lifetime_s, "contas": ["*"], "scope": SCOPES}
        return self.signed(claims | self.claims)

    def keys(self):
        modulus = bytes.fromhex(run("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().split("=")[1])
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": encoded(modulus), "e": "AQAB"}]}

    def description(self):
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.token_origin}/token",
            "end_session_endpoint": f"{self.url}/logout", "jwks_uri": f"{self.url}/keys", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        } | self.described

    def authorized(self, query):
        """Where the person goes from here; `None`: the request is not one of the page."""
        expected = {"response_type": "code", "client_id": CLIENT, "redirect_uri": PAGE, "code_challenge_method": "S256"}
        if any(query.get(name) != value for name, value in expected.items()) or "openid" not in query.get("scope", "").split():
            return None
        if not all(len(query.get(name, "")) >= 22 for name in ("state", "nonce")) or len(query.get("code_challenge", "")) != 43:
            return None
        code = secrets.token_urlsafe()
        self.codes[code] = query
        return f"{PAGE}?{urllib.parse.urlencode({'code': code, 'state': query['state']} | self.answer)}"

    def granted(self, form):
        """The status and the body of the token endpoint's answer."""
        refusal = 400, {"error": "invalid_grant"}
        kind = form.get("grant_type")
        if form.get("client_id") != CLIENT or "client_secret" in form:
            return 401, {"error": "invalid_client"}
        extra = {}
        if kind == "authorization_code":
            asked = None if self.forgets_codes else self.codes.pop(form.get("code"), None)
            if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
                return refusal
            if encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest()) != asked["code_challenge"]:
                return refusal
            identity = {"iss": self.url, "aud": CLIENT, "sub": NAME, "exp": int(time.time()) + 60, "nonce": asked["nonce"]}
            extra = {"id_token": self.signed(identity | self.claims)}
        elif kind == "refresh_token":
            if self.refuses_renewal or form.get("refresh_token") not in self.renewals:
                return refusal
            # Each is good for one use.
            self.renewals.remove(form["refresh_token"])
        else:
            return 400, {"error": "unsupported_grant_type"}
        renewal = secrets.token_urlsafe()
        self.renewals.add(renewal)
        self.grants.append(kind)
        return 200, {"access_token": self.token(), "token_type": "Bearer", "expires_in": self.lifetime_s, "refresh_token": renewal} | extra

    def handler(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def reply(self, status, body=None, location=None):
                content = json.dumps(body or {}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Access-Control-Allow-Origin", CONSOLIDADO)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                target = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(target.query))
                if issuer.is_silent:
                    self.close_connection = True
                elif target.path == "/.well-known/openid-configuration":
                    self.reply(200, issuer.description())
                elif target.path == "/keys":
                    self.reply(200, issuer.keys())
                elif target.path == "/authorize" and (place := issuer.authorized(query)):
                    self.reply(302, location=place)
                elif target.path == "/logout" and query == {"client_id": CLIENT, "post_logout_redirect_uri": PAGE}:
                    issuer.farewells.append(PAGE)
                    self.reply(302, location=PAGE)
                else:
                    self.reply(400)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                at_home = self.headers["Host"] == urllib.parse.urlsplit(issuer.token_origin).netloc
                self.reply(*(issuer.granted(form) if at_home and self.path == "/token" else (404,)))

        return Handler

    @contextlib.contextmanager
    def running(self):
        servers = [
            http.server.ThreadingHTTPServer(("127.0.0.1", urllib.parse.urlsplit(url).port), self.handler())
            for url in (self.url, self.token_origin)]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()


def trusted(issuer):
    """Waits until both services have the issuer's keys."""
    end = time.monotonic() + WAIT_S
    for url in (f"{CONSOLIDADO}/v1/contas", f"{LANCAMENTOS}/v1/lancamentos?conta=*"):
        while (status := requests.get(url, headers={"Authorization": f"Bearer {issuer.token()}"}, timeout=60).status_code) != 200:
            if status != 503 or time.monotonic() > end:
                sys.exit(f"{url} answers {status} to the issuer's token")
            time.sleep(0.2)


def begin(person, address=""):
    """The page in a session in which nobody has signed in."""
    person.browser.open(f"{CONSOLIDADO}/livez")
    person.browser.run("sessionStorage.clear()")
    person.browser.open(PAGE + address)
    person.browser.wait("document.querySelector('dialog[open] button')", "the question who it is")


def enter(person):
    person.button("Entrar", "document.querySelector('dialog')")
    person.browser.wait("document.querySelector('main table')", "the view behind the sign-in")


def place(browser):
    return browser.run("return location.href")


def sign_in(person, issuer):
    browser = person.browser
    begin(person, f"#/mes?conta={ACCOUNT}")
    assert not browser.axe(passes_min=8), "findings in the sign-in"
    enter(person)
    assert place(browser) == f"{PAGE}#/mes?conta={ACCOUNT}", place(browser)
    assert issuer.grants == ["authorization_code"], issuer.grants
    person.see("Saldo final")
    assert browser.run("return document.getElementById('sair').title") == NAME, "another name than the token's"
    kept = browser.run("return [localStorage.length, document.cookie, Object.keys(sessionStorage).sort()]")
    assert kept == [0, "", ["fluxo-caixa.renovacao", "fluxo-caixa.token"]], "more than the tab's token is kept"
    browser.call("refresh")
    browser.wait("document.querySelector('main table')", "the month after a reload")
    assert issuer.grants == ["authorization_code"], "a reload asked the issuer again"


def sign_out(person, issuer):
    person.button("Sair")
    person.browser.wait("document.querySelector('dialog[open] button')", "the question after the sign-out")
    assert issuer.farewells == [PAGE], "the issuer's own session goes on"
    assert person.browser.run("return sessionStorage.length") == 0, "the token outlives the sign-out"


def fill(person, text):
    person.open("registrar", conta=ACCOUNT)
    person.write("Valor", "12,00")
    person.write("Descrição", text)


def send(person):
    person.button("Registrar", "document.querySelector('form.register')")


def renew(person, issuer):
    """A token that ends is renewed without a question, or with one that loses no typed text."""
    browser = person.browser
    issuer.lifetime_s = SHORT_LIFETIME_S
    begin(person, f"#/mes?conta={ACCOUNT}")
    enter(person)
    fill(person, "Renovado")
    time.sleep(SHORT_LIFETIME_S)
    send(person)
    person.see("registrada em", "form")
    assert "refresh_token" in issuer.grants, issuer.grants
    assert not browser.run("return document.querySelector('dialog')"), "the person was asked"

    issuer.refuses_renewal = True
    fill(person, "Entrou de novo")
    time.sleep(SHORT_LIFETIME_S)
    send(person)
    browser.wait("document.querySelector('dialog[open] button')", "the question after the token's end")
    assert browser.run("return document.querySelector('[name=descricao]').value") == "Entrou de novo", "typed text was lost"
    issuer.lifetime_s, issuer.refuses_renewal = LIFETIME_S, False
    # Another tab goes to the issuer, and ends.
    person.button("Entrar", "document.querySelector('dialog')")
    browser.wait("!document.querySelector('dialog')", "the end of the question")
    person.see("registrada em", "form")
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    listed = requests.get(f"{LANCAMENTOS}/v1/lancamentos", params={"conta": ACCOUNT}, headers=headers, timeout=60).json()["itens"]
    assert sorted(entry["descricao"] for entry in listed) == ["Entrou de novo", "Renovado"], listed
    assert {entry["registrado_por"] for entry in listed} == {NAME}, listed
    end = time.monotonic() + WAIT_S
    while len(requests.get(f"{browser.session}/window/handles", timeout=30).json()["value"]) > 1:
        assert time.monotonic() < end, "the other tab stays"
        time.sleep(0.1)


@contextlib.contextmanager
def changed(issuer, **changes):
    before = {name: getattr(issuer, name) for name in changes}
    vars(issuer).update(changes)
    yield
    vars(issuer).update(before)


def refuse(person, issuer):
    """Every way in which the issuer's answer is not the right one has its message, and signing in still works."""
    browser = person.browser
    cases = [
        ({"answer": {"state": "another-state"}}, "não é de um acesso pedido nesta aba", False),
        ({"answer": {"error": "access_denied"}}, "não deu o acesso", False),
        ({"answer": {"error": "server_error"}}, "recusou o acesso (server_error)", False),
        ({"answer": {"error": "<b>call 0800</b>"}}, "recusou o acesso. Entre de novo", False),
        ({"forgets_codes": True}, "não vale mais", False),
        ({"claims": {"nonce": "another"}}, "não é a deste acesso", True),
        ({"claims": {"aud": "another"}}, "não é a deste acesso", True),
        ({"claims": {"iss": "http://another"}}, "não é a deste acesso", True),
        ({"described": {"issuer": "http://another"}}, "não é como está configurado", False),
        ({"described": {"token_endpoint": "http://127.0.0.1:1/token"}}, "não é como está configurado", False),
        ({"claims": {"aud": [CLIENT]}}, "não aceitam o acesso deste emissor", True),
        ({"is_silent": True}, "não responde", False),
    ]
    for changes, message, is_granted in cases:
        begin(person)
        count = len(issuer.grants)
        with changed(issuer, **changes):
            person.button("Entrar", "document.querySelector('dialog')")
            person.see(message, "dialog")
        assert len(issuer.grants) - count == is_granted, f"{changes}: {issuer.grants[count:]}"
        assert place(browser).split("#")[0] == PAGE, f"{changes}: {place(browser)}"
        assert browser.run("return sessionStorage.getItem('fluxo-caixa.token')") is None, f"{changes}: a token is kept"
    # The last one, as soon as the issuer answers.
    enter(person)

    # The answer reaches a tab that has not asked for it.
    begin(person, "?code=a&state=b")
    person.see("não é de um acesso pedido nesta aba", "dialog")
    assert place(browser) == PAGE, place(browser)
    person.click("document.querySelector('dialog summary')", "the way with a token")
    person.write("Token de acesso", issuer.token())
    person.button("Usar o token")
    browser.wait("document.querySelector('main table')", "the view behind the token")
    assert browser.run("return Object.keys(sessionStorage)") == ["fluxo-caixa.token"]


def main(url, token_origin):
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Issuer(url, token_origin, folder).running() as issuer, started() as browser:
        trusted(issuer)
        browser.show(1280, "light")
        person = Person(browser, folder)
        sign_in(person, issuer)
        sign_out(person, issuer)
        renew(person, issuer)
        refuse(person, issuer)
        found = [message for message in browser.messages() if "Content Security Policy" in message or "Uncaught" in message]
    if found:
        sys.exit(f"{len(found)} findings:\n" + "\n".join(found))
    print(json.dumps({"grants": len(issuer.grants), "seconds": round(time.monotonic() - start), "findings": 0}))


if __name__ == "__main__":
    main(*sys.argv[1:])
