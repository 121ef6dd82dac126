import { columnsOf } from './text.ts';

const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Aligns lines whose cells are ended by tabs. Compat: Go's tabwriter with a minimum width and padding 3, which
 * aligns a column over the consecutive lines that have it, and leaves what follows the last tab alone.
 */
export function alignTable(text: string, minWidth = MIN_WIDTH): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = lines.map(() => [] as number[]);
  const columns = Math.max(0, ...lines.map((cells) => cells.length - 1));
  for (let column = 0; column < columns; column++) {
    for (let from = 0; from < lines.length; ) {
      let to = from;
      while (to < lines.length && (lines[to]?.length ?? 0) - 1 > column) to++;
      const cells = lines.slice(from, to).map((line) => columnsOf(line[column] ?? ''));
      const widest = Math.max(0, ...cells);
      const width = Math.max(minWidth, widest + PADDING);
      for (let row = from; row < to; row++) widths[row]?.push(width);
      from = Math.max(to, from + 1);
    }
  }
  return lines
    .map((cells, row) => {
      return cells
        .map((cell, i) => {
          const width = widths[row]?.[i];
          return i < cells.length - 1 && width
            ? cell + ' '.repeat(Math.max(0, width - columnsOf(cell)))
            : cell;
        })
        .join('');
    })
    .join('\n');
}
