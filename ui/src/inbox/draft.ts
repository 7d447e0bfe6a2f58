/** What is being written. Lengths are counted as people count characters that they typed, not in bytes. */

export function lengthOf(text: string): number {
  return [...text].length;
}

export type Fit = {
  canSend: boolean;
  left: number;
  /** Worth saying, because little is left. */ near: boolean;
};

export function fitOf(text: string, limit: number): Fit {
  const left = limit - lengthOf(text);
  return { canSend: text.trim() !== "" && left >= 0, left, near: left < Math.max(limit / 10, 20) };
}

/** A draft outlives a look at another chat, and a reload. */
export function keptDraft(chatId: string): string {
  return sessionStorage.getItem(nameOf(chatId)) ?? "";
}

export function keepDraft(chatId: string, text: string) {
  if (text) sessionStorage.setItem(nameOf(chatId), text);
  else sessionStorage.removeItem(nameOf(chatId));
}

function nameOf(chatId: string): string {
  return `draft ${chatId}`;
}
