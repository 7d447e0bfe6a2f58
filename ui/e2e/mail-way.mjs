/** Mail on the same way: connect Gmail, answer a thread, see it arrive on the other side and the answer come back. */
import { Buffer } from "node:buffer";
import { Control, until } from "./sandbox.mjs";

const ANA = "ana@acme.example";
/** One dot. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** The emulated Gmail. */
class Mailboxes extends Control {
  /** Waits until somebody has such a mail, and gives it. */
  mail(whose, text) {
    return until(`${whose} has the mail`, async () => {
      const { messages } = await this.call(`/mailboxes/${whose}`);
      return messages.find((one) => one.text.includes(text));
    });
  }
}

/** Goes it, from wherever the page is, and leaves it at the thread. */
export async function mailWay({ page, step, url, mark, beside }) {
  const gmail = new Mailboxes(url);
  const messages = page.getByRole("log", { name: "Messages" });
  const withText = (text) => messages.getByRole("article").filter({ hasText: text });
  const people = (await gmail.call("/people")).map((one) => one.address ?? one);
  const bruno = people.find((address) => address !== ANA);
  const subject = `The pier ${mark}`;

  await step("Gmail is connected by Google's own page, and a thread is imported", async () => {
    await gmail.act(bruno, "send", { to: ANA, subject, text: `Who mends it? ${mark}` });
    await page.goto(new URL("/connections", page.url()).href);
    await page.getByRole("button", { name: "Connect an integration" }).first().click();
    const dialog = page.getByRole("dialog");
    const go = dialog.getByRole("button", { name: "Continue to Gmail" });
    await dialog.getByText("Gmail", { exact: true }).first().waitFor();
    if (!(await go.isVisible())) await dialog.getByRole("button", { name: /Gmail/ }).click();
    await go.click();
    await page.waitForURL(/\/connect\/|\/o\/oauth2\//);
    if (page.url().includes("/connect/")) {
      await page
        .getByRole("button")
        .or(page.getByRole("link", { name: /gmail|continue/i }))
        .first()
        .click();
    }
    const who = page.getByLabel("You are");
    await who.waitFor();
    await who.selectOption(ANA);
    await page.getByRole("button", { name: "Continue" }).click();
    const picker = page.getByRole("dialog", { name: /^Import chats/ });
    await picker.waitFor();
    await picker.getByRole("textbox", { name: "Search chats" }).fill(subject);
    for (const [field, option] of [
      ["Label", "Inbox"],
      ["Time", "Since last week"],
    ]) {
      await picker.getByLabel(field, { exact: true }).click();
      await page.getByRole("option", { name: option, exact: true }).click();
    }
    await picker.getByRole("button", { name: "Import all that are found" }).waitFor();
    await picker.getByRole("checkbox", { name: subject, exact: true }).check();
    await picker.getByRole("button", { name: "Import", exact: true }).click();
    await picker.locator("li[data-state=completed]").waitFor();
    await picker.getByRole("button", { name: "Open the chat" }).click();
    await page.getByRole("heading", { name: subject, exact: true }).waitFor();
    await withText(`Who mends it? ${mark}`).waitFor();
  });

  const answer = `We do, on Friday ${mark}`;
  await step("An answer to all arrives on the other side, in the thread that it answers", async () => {
    const field = page.getByRole("textbox", { name: /^Reply to all/ });
    await field.fill(answer);
    await field.press("Control+Enter");
    await messages.locator("article[data-own][data-status=sent]").filter({ hasText: answer }).waitFor();
    const there = await gmail.mail(bruno, answer);
    const asked = await gmail.mail(bruno, `Who mends it? ${mark}`);
    if (there.thread !== asked.thread) throw new Error("It stands in another thread there.");
  });

  await step("What is answered there comes back, in the same chat, without what it quotes", async () => {
    const { id } = await gmail.mail(bruno, answer);
    await gmail.act(bruno, "reply", { message: id, all: true, quote: true, text: `Thank you ${mark}` });
    await withText(`Thank you ${mark}`).waitFor();
    const row = withText(`Thank you ${mark}`);
    if ((await row.getByText(answer).count()) > 0) throw new Error("What it quotes is not folded away.");
  });

  await step("A mail that is called unread is so on both sides, until its chat is opened", async () => {
    const words = `Thank you ${mark}`;
    const is = (unread) =>
      until(`the mail is ${unread ? "unread" : "read"} there`, async () => {
        const { labels } = await gmail.mail(ANA, words);
        return labels.includes("UNREAD") === unread;
      });
    await is(false);
    await withText(words).hover();
    await withText(words).getByRole("button", { name: "Mark as unread" }).click();
    const chat = page.getByRole("link", { name: new RegExp(subject) });
    await chat.getByLabel(/unread$/).waitFor();
    await is(true);
    await chat.click();
    await withText(words).waitFor();
    await is(false);
  });

  const address = `https://pictures.example/pier-${mark}.png`;
  await step("A picture from elsewhere is fetched once somebody asks for it, and not before", async () => {
    const asked = [];
    await page.route("https://pictures.example/**", (route) => {
      asked.push(route.request().url());
      return route.fulfill({ contentType: "image/png", body: PICTURE });
    });
    const { id } = await gmail.mail(bruno, `Thank you ${mark}`);
    const html = `<p>So it looked <b>${mark}</b></p><img alt="The pier" src="${address}">`;
    await gmail.act(bruno, "reply", {
      message: id,
      all: true,
      quote: false,
      text: `So it looked ${mark}`,
      html,
    });
    const row = messages.getByRole("article").filter({ has: page.locator("iframe") });
    const sheet = row.frameLocator("iframe");
    await row.getByText("without pictures from elsewhere").waitFor();
    await sheet.getByText(`So it looked ${mark}`).waitFor();
    if (asked.length > 0) throw new Error(`It was fetched unasked: ${asked}`);
    await row.getByRole("button", { name: "Show pictures" }).click();
    const picture = sheet.getByRole("img", { name: "The pier" });
    await until("the picture shows", () => picture.evaluate((one) => one.complete && one.naturalWidth === 1));
    if (asked.length !== 1) throw new Error(`It was fetched more than once: ${asked}`);
    await page.reload();
    await row.getByRole("button", { name: "Show pictures" }).waitFor();
    await sheet.getByText(`So it looked ${mark}`).waitFor();
    if (asked.length !== 1) throw new Error("It was remembered.");
    await page.unroute("https://pictures.example/**");
  });

  await step("Slack and mail stand in one list and one timeline", async () => {
    const chats = page.getByRole("region", { name: "Chats" });
    for (const name of [subject, beside])
      await chats.getByRole("listitem").filter({ hasText: name }).first().waitFor();
    await page.getByRole("link", { name: "Timeline", exact: true }).click();
    const stream = page.getByRole("feed", { name: "Timeline" });
    for (const name of [subject, beside]) await stream.getByRole("link", { name }).first().waitFor();
    await stream.getByRole("link", { name: subject }).first().click();
    await withText(answer).first().waitFor();
  });
}
