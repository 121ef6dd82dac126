/** The fields of one line of CSV; a field in double quotes may hold commas. Spec: RFC 4180. */
export function readCsv(line: string): string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const field = quoted?.[0] ?? /^[^,]*/.exec(rest)?.[0] ?? '';
    fields.push(quoted ? (quoted[1] ?? '').replaceAll('""', '"') : field);
    if (!quoted && field.includes('"')) throw new Error('parse error on line 1: bare " in non-quoted field');
    rest = rest.slice(field.length);
    if (rest === '') return fields;
    if (!rest.startsWith(','))
      throw new Error('parse error on line 1: extraneous or missing " in quoted field');
    rest = rest.slice(1);
  }
}
