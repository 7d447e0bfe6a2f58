/** Whether a text can be sent. Lengths are counted as people count what they typed, not in bytes. */
export type Fit = {
  canSend: boolean;
  left: number;
  /** Worth saying, because little is left. */ near: boolean;
};

export function fitOf(text: string, limit: number): Fit {
  const left = limit - [...text].length;
  return { canSend: text.trim() !== "" && left >= 0, left, near: left < Math.max(limit / 10, 20) };
}
