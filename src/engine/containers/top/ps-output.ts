import { EngineError } from '../../../base/mod.ts';

/** What `top` answers. `Processes` is null where there are none, as Go has it. */
export interface ProcessList {
  Processes: string[][] | null;
  Titles: string[];
}

/** The lines of `ps` that are about one of `pids`. Throws Docker's sentence where no column is called PID. */
export function parsePs(output: string, pids: ReadonlySet<number>): ProcessList {
  const [head = '', ...lines] = output.split('\n');
  const titles = fields(head);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw new EngineError('internal', "Couldn't find PID field in ps output");
  const rows: string[][] = [];
  let isOurs = false;
  for (const line of lines) {
    if (line === '') continue;
    const words = fields(line);
    const pid = words[pidColumn] ?? '';
    // Compat: with `m`, the threads follow their process and have no number.
    if (pid !== '-') {
      if (!/^[+-]?\d+$/.test(pid)) {
        const why = `strconv.Atoi: parsing ${JSON.stringify(pid)}: invalid syntax`;
        throw new EngineError('internal', `Unexpected pid '${pid}': ${why}`);
      }
      isOurs = pids.has(Number(pid));
    }
    if (isOurs) rows.push(row(words, titles.length));
  }
  return { Processes: rows.length > 0 ? rows : null, Titles: titles };
}

/** As many cells as titles: what is over, the words of a command, is the last one. */
function row(words: string[], count: number): string[] {
  return [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}

/** Compat: ASCII blanks alone part them; a command may have others. */
function fields(line: string): string[] {
  return line.split(/[\t\n\f\r ]+/).filter((word) => word !== '');
}
