"""Drives the emulated Gmail through every method that it has, with Google's own client for Python.

    python gmail_sdk.py http://127.0.0.1:PORT
"""

import base64
import io
import json
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources

import google.auth.transport.requests
import google_auth_httplib2
from google.oauth2 import credentials as user_credentials
from google.oauth2 import id_token, service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, MediaIoBaseUpload, build_http

ADDRESS = sys.argv[1]
ANA, BRUNO, OUTSIDE = "ana@acme.example", "bruno@acme.example", "guilherme@customer.example"
CLIENT_ID = "734015622871-k2v7qf0sandbox.apps.googleusercontent.com"
CLIENT_SECRET = "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"
REDIRECT = "https://app.example/oauth/callback"
MAIL = "https://mail.google.com/"
TOPIC = "projects/bothways-sandbox/topics/gmail"
PULLED = "projects/bothways-sandbox/subscriptions/gmail"
PUSHER = "pusher@bothways-sandbox.iam.gserviceaccount.com"
EVENT_WITHIN_SECONDS = 10


class Ear(BaseHTTPRequestHandler):
    """The app's address for pushes: keeps each with its token."""

    heard = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Ear.heard.put((self.headers["Authorization"].removeprefix("Bearer "), json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def control(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    method = method or ("POST" if data else "GET")
    request = urllib.request.Request(f"{ADDRESS}/control/{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def act(person, deed, **more):
    return control("act", {"as": person, "do": deed, **more})


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def consent(person, scopes):
    """Goes through the consent page as a person would, and gives the tokens."""
    fields = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "response_type": "code", "scope": " ".join(scopes),
              "access_type": "offline", "prompt": "consent", "state": "s1"}
    page = urllib.request.urlopen(f"{ADDRESS}/o/oauth2/v2/auth?{urllib.parse.urlencode(fields)}").read().decode()
    assert "wants to access your Google Account" in page
    form = [*fields.items(), *(("granted", scope) for scope in scopes), ("user", person), ("decision", "allow")]
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(f"{ADDRESS}/o/oauth2/v2/auth", urllib.parse.urlencode(form).encode())
        raise AssertionError("the page did not lead back")
    except urllib.error.HTTPError as answer:
        back = urllib.parse.urlparse(answer.headers["location"])
    asked = dict(urllib.parse.parse_qsl(back.query))
    assert asked["state"] == "s1"
    form = {"grant_type": "authorization_code", "code": asked["code"], "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "redirect_uri": REDIRECT}
    with urllib.request.urlopen(f"{ADDRESS}/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)


def client(person):
    tokens = consent(person, [MAIL, "openid", "email"])
    held = user_credentials.Credentials(
        tokens["access_token"], refresh_token=tokens["refresh_token"], token_uri=f"{ADDRESS}/token",
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, id_token=tokens["id_token"])
    return build("gmail", held), held


def build(name, held):
    """Google's client out of the discovery document that it ships, pointed at the emulator."""
    folder = resources.files("googleapiclient.discovery_cache") / "documents"
    document = json.loads((folder / f"{name}.v1.json").read_text())
    document["rootUrl"] = f"{ADDRESS}/"
    document["baseUrl"] = f"{ADDRESS}/"
    document.pop("mtlsRootUrl", None)
    http = google_auth_httplib2.AuthorizedHttp(held, http=build_http())
    return build_from_document(document, http=http)


def letter(to, subject, text, **headers):
    mail = EmailMessage()
    mail["To"], mail["Subject"] = to, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def encoded(mail):
    return base64.urlsafe_b64encode(mail.as_bytes()).decode()


def decoded(data):
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


def refused(status, reason, request):
    try:
        request.execute()
    except HttpError as error:
        assert error.resp.status == status, error
        assert reason in [one["reason"] for one in error.error_details if "reason" in one], error.error_details
        return
    raise AssertionError(f"this was to be refused with {reason}")


def headers(message):
    return {one["name"].lower(): one["value"] for one in message["payload"]["headers"]}


def messages(users, other):
    profile = users.getProfile(userId="me").execute()
    assert profile["emailAddress"] == ANA and int(profile["historyId"]) > 0
    mail = letter(f"Bruno <{BRUNO}>", "Größe", "Olá, Bruno", X_Bothways_Ref="abc")
    mail.add_attachment(b"%PDF-1.7 nothing", maintype="application", subtype="pdf", filename="plan ü.pdf")
    sent = users.messages().send(userId="me", body={"raw": encoded(mail)}).execute()
    assert sent["labelIds"] == ["SENT"], sent
    read = users.messages().get(userId="me", id=sent["id"], format="full").execute()
    assert headers(read)["subject"] == "Größe" and headers(read)["message-id"].endswith("@mail.gmail.com>")
    text, file = read["payload"]["parts"]
    assert decoded(text["body"]["data"]).decode().strip() == "Olá, Bruno"
    assert file["filename"] == "plan ü.pdf", file
    got = users.messages().attachments().get(userId="me", messageId=sent["id"], id=file["body"]["attachmentId"]).execute()
    assert decoded(got["data"]) == b"%PDF-1.7 nothing" and got["size"] == 16
    raw = users.messages().get(userId="me", id=sent["id"], format="raw").execute()
    whole = BytesParser(policy=default).parsebytes(decoded(raw["raw"]))
    assert whole["X-Bothways-Ref"] == "abc" and whole["From"] == "Ana Silva <ana@acme.example>", whole["From"]
    brief = users.messages().get(userId="me", id=sent["id"], format="metadata", metadataHeaders=["Subject", "To"]).execute()
    assert set(headers(brief)) == {"subject", "to"}
    found = users.messages().list(userId="me", q="subject:größe in:sent", maxResults=10).execute()
    assert [one["id"] for one in found["messages"]] == [sent["id"]]
    theirs = other.messages().list(userId="me", q=f"rfc822msgid:{headers(read)['message-id']}").execute()["messages"]
    assert len(theirs) == 1 and theirs[0]["id"] != sent["id"]
    body = {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    assert "STARRED" in other.messages().modify(userId="me", id=theirs[0]["id"], body=body).execute()["labelIds"]
    other.messages().batchModify(userId="me", body={"ids": [theirs[0]["id"]], "removeLabelIds": ["STARRED"]}).execute()
    assert "TRASH" in other.messages().trash(userId="me", id=theirs[0]["id"]).execute()["labelIds"]
    assert "labelIds" in other.messages().untrash(userId="me", id=theirs[0]["id"]).execute()
    assert other.messages().delete(userId="me", id=theirs[0]["id"]).execute() == ""
    refused(404, "notFound", other.messages().get(userId="me", id=theirs[0]["id"]))
    put = [getattr(users.messages(), name)(userId="me", body={"raw": encoded(letter(ANA, name, "x")), "labelIds": ["INBOX"]}).execute()
           for name in ("insert", "import_")]
    users.messages().batchDelete(userId="me", body={"ids": [one["id"] for one in put]}).execute()
    refused(400, "invalidArgument", users.messages().send(userId="me", body={"raw": encoded(letter("", "nobody", "x"))}))


def uploads(users):
    big = letter(BRUNO, "Upload", "x" * 900 + "\n" * 2000).as_bytes()
    for resumable in (False, True):
        media = MediaIoBaseUpload(io.BytesIO(big), "message/rfc822", chunksize=1024, resumable=resumable)
        assert users.messages().send(userId="me", media_body=media).execute()["labelIds"] == ["SENT"]
    thread = users.messages().send(userId="me", body={"raw": encoded(letter(BRUNO, "Beside", "x"))}).execute()["threadId"]
    media = MediaIoBaseUpload(io.BytesIO(letter(BRUNO, "Re: Beside", "y").as_bytes()), "message/rfc822")
    sent = users.messages().send(userId="me", body={"threadId": thread}, media_body=media).execute()
    assert sent["threadId"] == thread, sent


def threads(users, other):
    first = users.messages().send(userId="me", body={"raw": encoded(letter(BRUNO, "Thread", "one"))}).execute()
    theirs = other.threads().list(userId="me", q="subject:thread", maxResults=1).execute()["threads"][0]
    message = other.threads().get(userId="me", id=theirs["id"], format="full").execute()["messages"][0]
    answer = act(BRUNO, "reply", message=message["id"], all=True, text="two")
    assert answer["ok"]
    thread = users.threads().get(userId="me", id=first["threadId"], format="metadata").execute()
    assert [headers(one)["subject"] for one in thread["messages"]] == ["Thread", "Re: Thread"]
    assert headers(thread["messages"][1])["in-reply-to"] == headers(thread["messages"][0])["message-id"]
    users.threads().modify(userId="me", id=thread["id"], body={"addLabelIds": ["STARRED"]}).execute()
    users.threads().trash(userId="me", id=thread["id"]).execute()
    users.threads().untrash(userId="me", id=thread["id"]).execute()
    users.threads().delete(userId="me", id=thread["id"]).execute()
    refused(404, "notFound", users.threads().get(userId="me", id=thread["id"]))


def labels_and_drafts(users, other):
    made = users.labels().create(userId="me", body={"name": "SDK", "labelListVisibility": "labelShow"}).execute()
    assert made["id"] in [one["id"] for one in users.labels().list(userId="me").execute()["labels"]]
    users.labels().patch(userId="me", id=made["id"], body={"name": "SDK 2"}).execute()
    users.labels().update(userId="me", id=made["id"], body={"name": "SDK 3"}).execute()
    assert users.labels().get(userId="me", id=made["id"]).execute()["messagesTotal"] == 0
    users.labels().delete(userId="me", id=made["id"]).execute()
    draft = users.drafts().create(userId="me", body={"message": {"raw": encoded(letter(BRUNO, "Draft", "one"))}}).execute()
    put = users.drafts().update(userId="me", id=draft["id"], body={"message": {"raw": encoded(letter(BRUNO, "Draft", "two"))}}).execute()
    assert put["id"] == draft["id"] and put["message"]["id"] != draft["message"]["id"]
    assert draft["id"] in [one["id"] for one in users.drafts().list(userId="me").execute()["drafts"]]
    assert users.drafts().get(userId="me", id=draft["id"]).execute()["message"]["snippet"] == "two"
    sent = users.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    assert sent["threadId"] == draft["message"]["threadId"] and sent["id"] != put["message"]["id"]
    gone = users.drafts().create(userId="me", body={"message": {"raw": encoded(letter(BRUNO, "Gone", "x"))}}).execute()
    users.drafts().delete(userId="me", id=gone["id"]).execute()
    refused(404, "notFound", users.drafts().get(userId="me", id=gone["id"]))
    addresses = users.settings().sendAs().list(userId="me").execute()["sendAs"]
    assert addresses[0]["isPrimary"] and addresses[1]["verificationStatus"] == "accepted"
    assert users.settings().sendAs().get(userId="me", sendAsEmail="sales@acme.example").execute()["displayName"] == "Acme Sales"


def history(users):
    start = users.getProfile(userId="me").execute()["historyId"]
    for number in range(3):
        act(OUTSIDE, "send", to=ANA, subject=f"History {number}", text="x")
    added, request = [], users.history().list(userId="me", startHistoryId=start, historyTypes=["messageAdded"], maxResults=2)
    while request is not None:
        page = request.execute()
        added += [one["message"]["id"] for record in page.get("history", []) for one in record["messagesAdded"]]
        request = users.history().list_next(request, page)
    assert len(added) == 3, added
    pages, request = 0, users.messages().list(userId="me", maxResults=2, q="history")
    while request is not None:
        page = request.execute()
        pages += 1
        request = users.messages().list_next(request, page)
    assert pages >= 2
    control("expire_history", {"address": ANA})
    refused(404, "notFound", users.history().list(userId="me", startHistoryId=start))
    return added


def batches(users, held, ids):
    answers = {}
    batch = BatchHttpRequest(lambda number, answer, error: answers.update({number: (answer, error)}), f"{ADDRESS}/batch")
    for number, one in enumerate([*ids, "19aa00000000beef"]):
        batch.add(users.messages().get(userId="me", id=one, format="minimal"), request_id=str(number))
    batch.execute()
    assert [answers[str(number)][0]["id"] for number in range(len(ids))] == ids
    assert answers[str(len(ids))][1].resp.status == 404


def pushes(users):
    ear = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=ear.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{ear.server_port}/push"
    subscription = {"name": "projects/bothways-sandbox/subscriptions/sdk", "topic": TOPIC, "push_endpoint": endpoint, "pusher": PUSHER}
    control("subscriptions", subscription, "PUT")
    watch = users.watch(userId="me", body={"topicName": TOPIC, "labelIds": ["INBOX"], "labelFilterBehavior": "include"}).execute()
    assert int(watch["expiration"]) > time.time() * 1000 + 6 * 86_400_000
    token, body = Ear.heard.get(timeout=EVENT_WITHIN_SECONDS)
    said = json.loads(base64.b64decode(body["message"]["data"]))
    assert said == {"emailAddress": ANA, "historyId": int(watch["historyId"])}, said
    transport = google.auth.transport.requests.Request()
    keys = f"{ADDRESS}/oauth2/v3/certs"
    claims = id_token.verify_token(token, transport, audience=endpoint, certs_url=keys)
    assert claims["email"] == PUSHER and claims["email_verified"], claims
    users.stop(userId="me").execute()
    ear.shutdown()


def pulls():
    """What is pulled needs a token of the service account, which signs for it by itself."""
    key = control("service_account")
    held = service_account.Credentials.from_service_account_info(key, scopes=["https://www.googleapis.com/auth/pubsub"])
    pubsub = build("pubsub", held).projects().subscriptions()
    received = pubsub.pull(subscription=PULLED, body={"maxMessages": 100}).execute()["receivedMessages"]
    assert json.loads(base64.b64decode(received[0]["message"]["data"]))["emailAddress"] == ANA
    pubsub.modifyAckDeadline(subscription=PULLED, body={"ackIds": [received[0]["ackId"]], "ackDeadlineSeconds": 60}).execute()
    pubsub.acknowledge(subscription=PULLED, body={"ackIds": [one["ackId"] for one in received]}).execute()
    assert pubsub.pull(subscription=PULLED, body={"maxMessages": 1}).execute() == {}
    assert pubsub.get(subscription=PULLED).execute()["topic"] == TOPIC


def logins(users, held):
    transport = google.auth.transport.requests.Request()
    who = id_token.verify_token(held.id_token, transport, audience=CLIENT_ID, certs_url=f"{ADDRESS}/oauth2/v3/certs")
    assert who["email"] == ANA and who["sub"]
    before = held.token
    control("expire", {})
    assert users.getProfile(userId="me").execute()["emailAddress"] == ANA, "the client refreshes by itself"
    assert held.token != before
    control("faults", {"kind": "rate_limited", "retry_after_secs": 5, "method": "getProfile"})
    refused(403, "rateLimitExceeded", users.getProfile(userId="me"))
    control("faults", {"kind": "server_error", "status": 503})
    refused(503, "backendError", users.getProfile(userId="me"))
    form = urllib.parse.urlencode({"token": held.refresh_token}).encode()
    urllib.request.urlopen(f"{ADDRESS}/revoke", form)
    try:
        users.getProfile(userId="me").execute()
        raise AssertionError("the grant was taken back")
    except google.auth.exceptions.RefreshError as error:
        assert "invalid_grant" in str(error), error


def main():
    (ana, held), (bruno, _) = client(ANA), client(BRUNO)
    users, other = ana.users(), bruno.users()
    messages(users, other)
    uploads(users)
    threads(users, other)
    labels_and_drafts(users, other)
    batches(users, held, history(users))
    pushes(users)
    pulls()
    logins(users, held)
    done = control("calls")["done"]
    print(f"{sum(done.values())} calls of {len(done)} methods")
    assert len(done) == 36, sorted(done)


main()
