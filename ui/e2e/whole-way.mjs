/**
 * Goes the whole way in a real browser: sign in, connect Slack, import a chat, read, write, and see
 * what happens on one side happen on the other.
 *
 *   BOTHWAYS_LOGIN_URL     the one-time address that the server printed
 *   BOTHWAYS_SANDBOX_URL   the emulated Slack, with its control calls
 *   BOTHWAYS_MAIL_URL      the emulated Gmail, with its control calls
 *   CHROMIUM               another browser than /usr/bin/chromium
 *
 * Prints a line for each step, and fails at the first that is not so.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { mailWay } from "./mail-way.mjs";
import { Sandbox, until } from "./sandbox.mjs";

const loginUrl = required("BOTHWAYS_LOGIN_URL");
const sandbox = new Sandbox(required("BOTHWAYS_SANDBOX_URL"));
const mailUrl = required("BOTHWAYS_MAIL_URL");
const STEP_MS = 20_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
page.setDefaultTimeout(STEP_MS);
const troubles = [];
page.on("pageerror", (error) => troubles.push(error.message));
page.on("console", (line) => {
  if (line.type() === "error" && line.text().includes("Content Security Policy")) troubles.push(line.text());
});

try {
  await wholeWay();
  if (troubles.length > 0) throw new Error(`The page complained: ${troubles.join("; ")}`);
  console.log("The whole way was gone.");
} catch (error) {
  const picture = join(await mkdtemp(join(tmpdir(), "whole-way-")), "page.png");
  await page.screenshot({ path: picture }).catch(() => {});
  console.error(`FAILED at ${page.url()}\n${inWords(error)}`);
  for (const trouble of troubles) console.error(`The page complained: ${trouble}`);
  console.error(`What it looked like: ${picture}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function wholeWay() {
  const mark = Date.now().toString(36);
  const messages = page.getByRole("log", { name: "Messages" });
  const withText = (text) => messages.getByRole("article").filter({ hasText: text });
  const composer = page.getByRole("textbox", { name: /^Write to/ });

  await step("The login address signs in, and the page asks to connect the first integration", async () => {
    await page.goto(loginUrl);
    await page.getByRole("heading", { name: "Connect your first integration" }).waitFor();
  });

  const { me, other, channel } = await step("Slack is connected by its own page, as a person", async () => {
    await page.getByRole("main").getByRole("button", { name: "Connect an integration" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Slack", { exact: true }).first().waitFor();
    const go = dialog.getByRole("button", { name: "Continue to Slack" });
    if (!(await go.isVisible())) await dialog.getByRole("button", { name: /Slack/ }).click();
    await go.click();
    // Our one-time page first, which names who asks; then Slack's.
    await page.waitForURL(/\/connect\/|\/oauth\/v2\/authorize/);
    if (page.url().includes("/connect/")) {
      await page
        .getByRole("button")
        .or(page.getByRole("link", { name: /slack|continue/i }))
        .first()
        .click();
    }
    const who = page.getByLabel("You are");
    await who.waitFor();
    const people = await who.locator("option").evaluateAll((options) => options.map(({ value }) => value));
    const cast = await sandbox.cast(people);
    await who.selectOption(cast.me);
    await page.getByRole("button", { name: "Allow" }).click();
    return cast;
  });

  await step(`The chat ${channel.name} is imported, with progress`, async () => {
    const dialog = page.getByRole("dialog", { name: /^Import chats/ });
    await dialog.waitFor();
    await dialog.getByRole("textbox", { name: "Search chats" }).fill(channel.name);
    await dialog.getByRole("checkbox", { name: channel.name, exact: true }).check();
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await dialog.locator("li[data-state]").waitFor();
    await dialog.locator("li[data-state=completed]").waitFor();
    await dialog.getByRole("button", { name: "Open the chat" }).click();
  });

  await step("Its history is there", async () => {
    await page.getByRole("heading", { name: channel.name, exact: true }).waitFor();
    await withText(channel.lastText).last().waitFor();
  });

  const question = `A question ${mark}`;
  const asked = await step("What is sent here appears as sent, and is in Slack as that person", async () => {
    await composer.fill(question);
    await composer.press("Enter");
    await withText(question).waitFor();
    const found = await sandbox.message(
      channel.id,
      (message) => message.text === question && message.user === me,
    );
    await messages.locator("article[data-own][data-status=sent]").filter({ hasText: question }).waitFor();
    return found;
  });

  const answer = `An answer ${mark}`;
  const answered = await step("What a person in Slack answers shows at once", async () => {
    const { ts } = await sandbox.act(other, "post", { channel: channel.id, text: answer });
    await withText(answer).waitFor();
    return ts;
  });

  await step("A reload shows the same, once", async () => {
    await page.reload();
    await withText(answer).waitFor();
    await withText(question).waitFor();
    for (const text of [question, answer]) await isOnce(withText(text), text);
  });

  const changed = `A better question ${mark}`;
  await step("An edit here is an edit in Slack", async () => {
    await choose(withText(question), "Edit");
    const field = page.getByRole("textbox", { name: "Edit the message" });
    await field.fill(changed);
    await page.getByRole("button", { name: "Save" }).click();
    await withText(changed).getByText("(edited)").waitFor();
    await sandbox.message(channel.id, ({ ts, text }) => ts === asked.ts && text === changed);
  });

  await step("An edit in Slack shows here", async () => {
    await sandbox.act(other, "edit", { channel: channel.id, ts: answered, text: `${answer}, mended` });
    await withText(`${answer}, mended`).waitFor();
  });

  await step("A reaction here is one in Slack, and can be taken back", async () => {
    await choose(withText(answer), "React");
    await page.getByRole("button", { name: "thumbs up" }).click();
    const mine = withText(answer).getByRole("button", { name: "👍, 1", pressed: true });
    await mine.waitFor();
    const reacted = ({ ts, reactions }) => ts === answered && Boolean(reactions["+1"]?.includes(me));
    await sandbox.message(channel.id, reacted);
    await mine.click();
    await mine.waitFor({ state: "detached" });
    await sandbox.message(channel.id, (message) => message.ts === answered && !reacted(message));
  });

  await step("A reaction in Slack shows here, and goes when it is taken back", async () => {
    const reaction = { channel: channel.id, ts: asked.ts, emoji: "tada" };
    await sandbox.act(other, "react", reaction);
    const shown = withText(changed).getByRole("button", { name: "🎉, 1" });
    await shown.waitFor();
    await sandbox.act(other, "unreact", reaction);
    await shown.waitFor({ state: "detached" });
  });

  await step("A reply here stands in the thread in Slack, and one in Slack shows its root here", async () => {
    await choose(withText(answer), "Reply in thread");
    await composer.fill(`In the thread ${mark}`);
    await composer.press("Enter");
    await sandbox.message(
      channel.id,
      ({ text, thread_ts }) => text === `In the thread ${mark}` && thread_ts === answered,
    );
    await sandbox.act(other, "post", {
      channel: channel.id,
      text: `Also there ${mark}`,
      thread_ts: answered,
    });
    await withText(`Also there ${mark}`).getByTitle("Show the message that began the thread").waitFor();
  });

  await step("What is sought is found, set off, and leads to where it stands", async () => {
    const found = await seek(page, `"BETTER question ${mark}"`);
    const hit = found.getByRole("link").filter({ hasText: changed });
    await hit.locator("mark").first().waitFor();
    await hit.click();
    await messages.locator("article[data-sought]").filter({ hasText: changed }).waitFor();
  });

  await step("The timeline shows all chats as one stream", async () => {
    await page.getByRole("link", { name: "Timeline" }).click();
    const stream = page.getByRole("feed", { name: "Timeline" });
    await stream.getByRole("article").filter({ hasText: changed }).waitFor();
    await sandbox.act(other, "post", { channel: channel.id, text: `For the timeline ${mark}` });
    const latest = stream
      .getByRole("article")
      .first()
      .filter({ hasText: `For the timeline ${mark}` });
    await latest.waitFor();
    await stream.getByRole("link", { name: channel.name }).first().click();
    await withText(changed).first().waitFor();
  });

  await step("A deletion here is one in Slack", async () => {
    const row = page.locator(`[id="${await withText(changed).getAttribute("id")}"]`);
    await choose(row, "Delete");
    await page.getByRole("dialog").getByRole("button", { name: "Delete message" }).click();
    await row.getByText("This message was deleted").waitFor();
    await until("the message is gone in Slack", async () =>
      (await sandbox.messages(channel.id)).every(({ ts }) => ts !== asked.ts),
    );
  });

  await step("A deletion in Slack shows here", async () => {
    const { ts } = await sandbox.act(other, "post", { channel: channel.id, text: `A slip ${mark}` });
    const row = page.locator(`[id="${await withText(`A slip ${mark}`).getAttribute("id")}"]`);
    await sandbox.act(other, "delete", { channel: channel.id, ts });
    await row.getByText("This message was deleted").waitFor();
  });

  await step("What was deleted is no longer found", async () => {
    const found = await seek(page, `${mark}`);
    await found.getByRole("link").filter({ hasText: answer }).first().waitFor();
    for (const text of [changed, `A slip ${mark}`]) {
      await found.getByRole("link").filter({ hasText: text }).waitFor({ state: "detached" });
    }
    await found.getByRole("link").filter({ hasText: answer }).first().click();
  });

  await step("A reload shows what came of it all", async () => {
    await page.reload();
    await withText(`${answer}, mended`).first().waitFor();
    await withText(`Also there ${mark}`).waitFor();
    for (const text of [changed, `A slip ${mark}`]) {
      if ((await withText(text).count()) > 0) throw new Error(`"${text}" came back.`);
    }
  });

  await mailWay({ page, step, url: mailUrl, mark, beside: channel.name });

  await step("A chat that is deleted here is gone, and stays so", async () => {
    const row = page
      .getByRole("region", { name: "Chats" })
      .getByRole("listitem")
      .filter({ hasText: channel.name });
    await row.first().hover();
    await page.getByRole("button", { name: `Delete chat ${channel.name}`, exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete chat" }).click();
    await row.waitFor({ state: "detached" });
    await sandbox.act(other, "post", { channel: channel.id, text: `Is anybody there ${mark}` });
    await page.reload();
    await page.getByRole("region", { name: "Chats" }).getByRole("listitem").first().waitFor();
    if ((await row.count()) > 0) throw new Error("The chat came back.");
  });
}

/** Seeks from wherever the page is, by the key that leads to the field. */
async function seek(page, words) {
  await page.keyboard.press("Control+K");
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
  return page.getByRole("region", { name: "Found" });
}

/** The actions of a message show when the pointer is at it. */
async function choose(row, action) {
  await row.first().hover();
  await row.first().getByRole("button", { name: action, exact: true }).click();
}

async function isOnce(row, text) {
  const count = await row.count();
  if (count !== 1) throw new Error(`"${text}" is shown ${count} times.`);
}

async function step(name, deed) {
  const result = await deed().catch((error) => {
    throw new Error(`Not so: ${name}`, { cause: error });
  });
  console.log(`ok  ${name}`);
  return result;
}

function inWords(error) {
  return error instanceof Error && error.cause
    ? `${error.message}\n${error.cause.stack ?? error.cause}`
    : String(error?.stack ?? error);
}

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is missing.`);
  process.exit(2);
}
