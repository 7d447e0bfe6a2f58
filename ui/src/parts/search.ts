/** Whether every word that is sought begins or stands within the text, whatever its case and accents. */
export function includesWords(text: string, sought: string): boolean {
  const plain = fold(text);
  return fold(sought)
    .split(/\s+/)
    .every((word) => plain.includes(word));
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
