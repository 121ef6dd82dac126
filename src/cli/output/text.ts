/** Cut to `width` columns of a terminal, the last one an ellipsis. Compat: docker's `formatter.Ellipsis`. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  if (width <= 0) return '';
  if (width === 1 && characters.length > 0) return characters[0] ?? '';
  if (characters.length <= width && columnsOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of characters) {
    const columns = columnsOf(character);
    if (used + columns > width - 1) break;
    kept += character;
    used += columns;
  }
  return `${kept}…`;
}

/** Columns that a terminal uses: two for the wide characters of East Asia. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
