"""Drives the emulated Slack through every method that it has, with Slack's SDK for Python.

    python slack_sdk.py http://127.0.0.1:PORT
"""

import json
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# This file bears the name of the package that it is about; its own folder must not come first.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]

from slack_sdk import WebClient  # noqa: E402
from slack_sdk.errors import SlackApiError  # noqa: E402
from slack_sdk.oauth import AuthorizeUrlGenerator  # noqa: E402
from slack_sdk.oauth.installation_store import Installation  # noqa: E402
from slack_sdk.oauth.token_rotation import TokenRotator  # noqa: E402
from slack_sdk.signature import SignatureVerifier  # noqa: E402
from slack_sdk.socket_mode import SocketModeClient  # noqa: E402
from slack_sdk.socket_mode.response import SocketModeResponse  # noqa: E402

CLIENT_ID = "1000000000001.2000000000002"
CLIENT_SECRET = "5a6e0c1d9b8f47e2a3c4d5e6f7081920"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
APP_TOKEN = "xapp-1-A0SANDBOX1-3000000000003-6e1b5f0a4c7d"
REDIRECT = "https://app.example/oauth/callback"
EVENT_WITHIN_SECONDS = 10

BOT_SCOPES = (
    "channels:history,channels:join,channels:read,chat:write,emoji:read,files:read,files:write,groups:history,"
    "groups:read,im:history,"
    "im:read,im:write,mpim:history,mpim:read,mpim:write,reactions:read,reactions:write,team:read,users:read,"
    "users:read.email"
)
USER_SCOPES = "channels:history,channels:read,chat:write,im:history,im:read,im:write,users:read"


class Ear(BaseHTTPRequestHandler):
    """The app's address: checks each signature as Slack's SDK does, and keeps the event."""

    heard = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not SignatureVerifier(SIGNING_SECRET).is_valid_request(body, dict(self.headers)):
            Ear.heard.put({"type": "the signature is wrong"})
        else:
            Ear.heard.put(json.loads(body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.loads(body).get("challenge", "").encode())

    def log_message(self, *_):
        pass


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def control(base, path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/control/{path}", data=data, method=method)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(expected, call, /, *arguments, **named):
    try:
        call(*arguments, **named)
    except SlackApiError as refusal:
        assert refusal.response["error"] == expected, (expected, refusal.response.data)
        return refusal.response
    raise AssertionError(f"{call.__name__} was not refused with {expected}")


def hear(wanted):
    """The next event that fits. Others may come in between."""
    while True:
        body = Ear.heard.get(timeout=EVENT_WITHIN_SECONDS)
        assert body["type"] != "the signature is wrong"
        if wanted(body):
            return body


def hear_message(**fields):
    def fits(body):
        event = body.get("event", {})
        return event.get("type") == "message" and all(event.get(name) == value for name, value in fields.items())

    return hear(fits)["event"]


def install(base, person):
    """Goes the way of a person who presses "Allow", and exchanges the code."""
    generator = AuthorizeUrlGenerator(
        client_id=CLIENT_ID,
        scopes=BOT_SCOPES.split(","),
        user_scopes=USER_SCOPES.split(","),
        redirect_uri=REDIRECT,
        authorization_url=f"{base}/oauth/v2/authorize",
    )
    url = generator.generate("a-state")
    with urllib.request.urlopen(url) as page:
        assert b"Allow" in page.read()
    query = urllib.parse.urlparse(url).query
    form = dict(urllib.parse.parse_qsl(query), user=person, decision="allow")
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(f"{base}/oauth/v2/authorize", urllib.parse.urlencode(form).encode())
        raise AssertionError("nobody was sent back to the app")
    except urllib.error.HTTPError as redirect:
        location = urllib.parse.urlparse(redirect.headers["Location"])
    answer = dict(urllib.parse.parse_qsl(location.query))
    assert answer["state"] == "a-state"
    client = WebClient(base_url=f"{base}/api/")
    exchange = dict(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=answer["code"], redirect_uri=REDIRECT)
    refused("bad_client_secret", client.oauth_v2_access, **{**exchange, "client_secret": "wrong"})
    tokens = client.oauth_v2_access(**exchange)
    refused("invalid_code", client.oauth_v2_access, **exchange)
    assert tokens["team"]["name"] == "Acme" and tokens["authed_user"]["id"] == person
    return tokens


def check_lists(bot):
    assert bot.api_test(foo="bar")["args"]["foo"] == "bar"
    refused("my_error", bot.api_test, error="my_error")
    team = bot.team_info()["team"]
    assert team["name"] == "Acme"
    emoji = bot.emoji_list()["emoji"]
    assert emoji["acme"].startswith("https://") and emoji["acme_logo"] == "alias:acme"
    me = bot.auth_test()
    assert me["team_id"] == team["id"]
    assert bot.auth_teams_list()["teams"] == [{"id": team["id"], "name": "Acme"}]
    assert bot.bots_info(bot=me["bot_id"])["bot"]["user_id"] == me["user_id"]
    users = [user for page in bot.users_list(limit=3) for user in page["members"]]
    assert len(users) == len({user["id"] for user in users}) > 3
    assert bot.users_info(user=users[0]["id"])["user"]["profile"]["email"]
    channels = [channel for page in bot.conversations_list(limit=2) for channel in page["channels"]]
    assert {"general", "random"} <= {channel["name"] for channel in channels}
    refused("invalid_cursor", bot.users_list, cursor="bm9uc2Vuc2U=")
    return me, {channel["name"]: channel["id"] for channel in channels}


def check_messages(bot, me, channel):
    refused("not_in_channel", bot.chat_postMessage, channel=channel, text="x")
    assert bot.conversations_join(channel=channel)["channel"]["is_member"]
    assert bot.conversations_join(channel=channel)["warning"] == "already_in_channel"
    assert me["user_id"] in [user for page in bot.conversations_members(channel=channel, limit=2) for user in page["members"]]
    assert channel in [one["id"] for one in bot.users_conversations()["channels"]]
    assert bot.conversations_info(channel=channel, include_num_members=True)["channel"]["num_members"] > 1
    mark = {"event_type": "mark", "event_payload": {"id": "7"}}
    posted = bot.chat_postMessage(channel=channel, text="Hello <3", metadata=mark)
    assert posted["message"]["bot_id"] == me["bot_id"] and posted["message"]["text"] == "Hello &lt;3"
    echo = hear_message(ts=posted["ts"])
    assert echo["metadata"] == mark and echo["bot_profile"]["id"] == me["bot_id"]
    updated = bot.chat_update(channel=channel, ts=posted["ts"], text="Hello again")
    assert updated["message"]["edited"]["user"] == me["bot_id"] and "ts" not in updated["message"]
    changed = hear_message(subtype="message_changed")
    assert changed["previous_message"]["text"] == "Hello &lt;3"
    bold = {"type": "text", "text": "bold", "style": {"bold": True}}
    point = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    points = {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": [point]}
    rich = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [bold]}, points]}]
    formatted = bot.chat_postMessage(channel=channel, text="*bold*", blocks=rich)
    assert formatted["message"]["blocks"][0]["elements"] == rich[0]["elements"]
    kept = bot.chat_update(channel=channel, ts=formatted["ts"], text="*bold*", blocks=rich)
    assert kept["message"]["blocks"][0]["elements"] == rich[0]["elements"]
    wrong = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text"}]}]}]
    refused("invalid_blocks", bot.chat_postMessage, channel=channel, text="x", blocks=wrong)
    bot.chat_delete(channel=channel, ts=formatted["ts"])
    reply = bot.chat_postMessage(channel=channel, text="A reply", thread_ts=posted["ts"])
    replies = [one for page in bot.conversations_replies(channel=channel, ts=posted["ts"], limit=1) for one in page["messages"]]
    assert [one["ts"] for one in replies] == [posted["ts"], reply["ts"]]
    newest = bot.conversations_history(channel=channel, limit=1, include_all_metadata=True)["messages"][0]
    assert newest["ts"] == posted["ts"] and newest["reply_count"] == 1 and newest["metadata"] == mark
    history = [one["ts"] for page in bot.conversations_history(channel=channel, limit=7) for one in page["messages"]]
    assert len(history) > 7 and history == sorted(set(history), reverse=True)
    refused("invalid_ts_oldest", bot.conversations_history, channel=channel, oldest="yesterday")
    link = bot.chat_getPermalink(channel=channel, message_ts=posted["ts"])["permalink"]
    assert link.endswith("/p" + posted["ts"].replace(".", ""))
    check_reactions(bot, channel, posted["ts"])
    bot.chat_delete(channel=channel, ts=reply["ts"])
    refused("message_not_found", bot.chat_delete, channel=channel, ts=reply["ts"])
    assert hear_message(subtype="message_deleted")["deleted_ts"] == reply["ts"]
    refused("no_text", bot.chat_postMessage, channel=channel, text="")
    refused("msg_too_long", bot.chat_update, channel=channel, ts=posted["ts"], text="x" * 4001)


def check_reactions(bot, channel, ts):
    bot.reactions_add(channel=channel, timestamp=ts, name="thumbsup")
    refused("already_reacted", bot.reactions_add, channel=channel, timestamp=ts, name="+1")
    refused("invalid_name", bot.reactions_add, channel=channel, timestamp=ts, name="no-such-emoji")
    assert bot.reactions_get(channel=channel, timestamp=ts, full=True)["message"]["reactions"][0]["name"] == "+1"
    assert hear(lambda body: body["event"]["type"] == "reaction_added")["event"]["reaction"] == "+1"
    bot.reactions_remove(channel=channel, timestamp=ts, name="+1")
    refused("no_reaction", bot.reactions_remove, channel=channel, timestamp=ts, name="+1")


def check_files(bot, channel):
    uploads = [{"filename": "one.txt", "content": "first"}, {"filename": "two.txt", "content": "second"}]
    answer = bot.files_upload_v2(channel=channel, file_uploads=uploads, initial_comment="Two files")
    assert [one["name"] for one in answer["files"]] == ["one.txt", "two.txt"]
    message = hear_message(subtype="file_share")
    assert message["text"] == "Two files" and len(message["files"]) == 2
    file = bot.files_info(file=message["files"][1]["id"])["file"]
    assert file["shares"]["public"][channel][0]["ts"] == message["ts"]
    assert file["id"] in [one["id"] for one in bot.files_list(channel=channel)["files"]]
    request = urllib.request.Request(file["url_private_download"])
    with urllib.request.urlopen(request) as page:
        assert page.read().startswith(b"<!DOCTYPE html>"), "without a token there is only the page for signing in"
    request.add_header("Authorization", f"Bearer {bot.token}")
    with urllib.request.urlopen(request) as handed:
        assert handed.read() == b"second"
    bot.files_delete(file=file["id"])
    refused("file_deleted", bot.files_info, file=file["id"])
    assert hear(lambda body: body["event"]["type"] == "file_deleted")["event"]["file_id"] == file["id"]


def check_chats(bot, person, someone, channel):
    chat = bot.conversations_open(users=someone, return_im=True)["channel"]
    assert chat["is_im"] and chat["user"] == someone
    assert bot.conversations_open(users=[someone])["already_open"]
    sent = person.chat_postMessage(channel=someone, text="As myself")
    assert sent["message"]["user"] == person.auth_test()["user_id"]
    assert hear_message(ts=sent["ts"])["channel_type"] == "im"
    person.conversations_mark(channel=sent["channel"], ts=sent["ts"])
    assert person.conversations_info(channel=sent["channel"])["channel"]["last_read"] == sent["ts"]
    refused("missing_scope", person.conversations_mark, channel=channel, ts=sent["ts"])
    refused("channel_not_found", bot.conversations_history, channel=sent["channel"])
    needed = refused("missing_scope", person.team_info)
    assert needed["needed"] == "team:read" and "chat:write" in needed["provided"]


def check_the_end(base, bot, person):
    control(base, "faults", {"kind": "rate_limited", "retry_after_secs": 3, "method": "users.list"})
    limited = refused("ratelimited", bot.users_list)
    assert limited.status_code == 429 and limited.headers["Retry-After"] == "3"
    assert "chat:write" in bot.auth_test().headers["x-oauth-scopes"]
    assert person.auth_revoke(test=True)["revoked"] is False
    assert person.auth_revoke()["revoked"]
    refused("token_revoked", person.auth_test)
    revoked = hear(lambda body: body["event"]["type"] == "tokens_revoked")
    assert len(revoked["event"]["tokens"]["oauth"]) == 1
    bot.apps_uninstall(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    hear(lambda body: body["event"]["type"] == "app_uninstalled")
    refused("token_revoked", bot.auth_test)
    refused("invalid_auth", WebClient(token="xoxb-none", base_url=f"{base}/api/").auth_test)
    refused("not_authed", WebClient(base_url=f"{base}/api/").auth_test)


def check_rotation(base, person):
    """The SDK's own rotator keeps an installation alive whose tokens end."""
    control(base, "rotation", {"expires_in_secs": 43200, "grace_secs": 60})
    tokens = install(base, person)
    own = tokens["authed_user"]
    assert tokens["access_token"].startswith("xoxe.xoxb-1-") and own["access_token"].startswith("xoxe.xoxp-1-")
    before = Installation(
        app_id=tokens["app_id"],
        team_id=tokens["team"]["id"],
        bot_user_id=tokens["bot_user_id"],
        bot_token=tokens["access_token"],
        bot_refresh_token=tokens["refresh_token"],
        bot_token_expires_in=tokens["expires_in"],
        user_id=person,
        user_token=own["access_token"],
        user_refresh_token=own["refresh_token"],
        user_token_expires_in=own["expires_in"],
    )
    client = WebClient(base_url=f"{base}/api/")
    rotator = TokenRotator(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client=client)
    assert rotator.perform_token_rotation(installation=before) is None
    control(base, "expire", {})
    for token in (before.bot_token, before.user_token):
        refused("token_expired", WebClient(token=token, base_url=f"{base}/api/").auth_test)
    after = rotator.perform_token_rotation(installation=before, minutes_before_expiration=24 * 60)
    assert after.bot_refresh_token != before.bot_refresh_token and after.user_refresh_token != before.user_refresh_token
    assert WebClient(token=after.bot_token, base_url=f"{base}/api/").auth_test()["user_id"] == tokens["bot_user_id"]
    assert WebClient(token=after.user_token, base_url=f"{base}/api/").auth_test()["user_id"] == person
    wrong = dict(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, grant_type="refresh_token", refresh_token="xoxe-1-no")
    refused("invalid_refresh_token", client.oauth_v2_access, **wrong)


def check_sockets(base, person):
    """The SDK's own client gets events through sockets, and another socket when one ends."""
    app = WebClient(base_url=f"{base}/api/")
    refused("invalid_auth", app.apps_connections_open, app_token="xapp-none")
    control(base, "socket_mode", {"on": True}, method="PUT")
    heard = queue.Queue()

    def listen(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.put(request)

    client = SocketModeClient(app_token=APP_TOKEN, web_client=app)
    client.socket_mode_request_listeners.append(listen)
    client.connect()

    def told(name):
        control(base, "act", {"as": person, "do": "create_channel", "name": name})
        while True:
            request = heard.get(timeout=EVENT_WITHIN_SECONDS)
            assert request.type == "events_api" and not request.accepts_response_payload
            event = request.payload["event"]
            if event["type"] == "channel_created" and event["channel"]["name"] == name:
                return request

    assert told("sockets").retry_attempt == 0
    before = client.current_session
    control(base, "sockets", {"goodbye": "refresh_requested"})
    until = time.monotonic() + EVENT_WITHIN_SECONDS
    while client.current_session is before or control(base, "socket_mode")["open"] == 0:
        assert time.monotonic() < until, "no socket came after the one that ended"
    told("sockets-again")
    client.close()
    control(base, "socket_mode", {"on": False}, method="PUT")


def main(base):
    ear = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=ear.serve_forever, daemon=True).start()
    control(base, "events_url", {"url": f"http://127.0.0.1:{ear.server_port}/"}, method="PUT")
    hear(lambda body: body["type"] == "url_verification")
    people = [user["id"] for user in control(base, "users") if not user["is_bot"]]
    tokens = install(base, people[0])
    bot = WebClient(token=tokens["access_token"], base_url=f"{base}/api/")
    person = WebClient(token=tokens["authed_user"]["access_token"], base_url=f"{base}/api/")
    me, channels = check_lists(bot)
    assert me["user_id"] == tokens["bot_user_id"]
    check_messages(bot, me, channels["random"])
    check_files(bot, channels["random"])
    check_chats(bot, person, people[1], channels["random"])
    check_the_end(base, bot, person)
    check_rotation(base, people[0])
    check_sockets(base, people[0])
    print("slack_sdk found the Slack that it knows")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
