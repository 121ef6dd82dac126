import { compileTemplate, type Template, type TemplateOptions } from '../../spec/go-template/execute.ts';
import { HEADER_FUNCTIONS } from '../../spec/go-template/functions.ts';
import { goJson } from '../../spec/go-template/go-json.ts';
import type { Cli } from '../cli.ts';
import { alignTable } from './table.ts';

/** One row as templates see it: values, and functions for what takes an argument. */
export type Row = Record<string, unknown>;

export interface ListFormat {
  /** Titles of the columns, by field; a function gives the title for its argument. */
  headers: Row;
  /** The template of the plain list. */
  table: string;
  /** The template that `raw` stands for. */
  raw?: string;
  /** What a field that no row has is complained of: `*formatter.ContainerContext`. */
  goType: string;
}

/** Prints rows by `--format`: '' or `table`, `table TEMPLATE`, `json`, `TEMPLATE`. */
export function printList(cli: Cli, format: string, list: ListFormat, rows: Row[]): void {
  const options: TemplateOptions = {
    missing: (field) => `can't evaluate field ${field} in type ${list.goType}`,
  };
  if (format === 'json') {
    for (const row of rows) cli.print(rowJson(row));
    return;
  }
  const isTable = format === '' || format === 'table' || format.startsWith('table ');
  const wanted = format === 'raw' ? (list.raw ?? format) : format;
  const source = withEscapes(isTable ? format.replace(/^table ?/, '') || list.table : wanted);
  const template = compile(source, options);
  const header = isTable
    ? render(compile(source, { ...options, functions: HEADER_FUNCTIONS }), list.headers)
    : undefined;
  const lines = rows.map((row) => render(template, jsonable(row)));
  if (header === undefined) cli.stdout.write(lines.map((line) => `${line}\n`).join(''));
  else cli.stdout.write(`${alignTable([header, ...lines].join('\n'))}\n`);
}

/** Prints one object of lists of rows by a template, or as `json`. Compat: no newline follows. */
export function printTemplate(cli: Cli, format: string, lists: Record<string, Row[]>): void {
  const object = Object.fromEntries(Object.entries(lists).map(([key, rows]) => [key, rows.map(jsonable)]));
  const sortedLists = Object.fromEntries(Object.entries(lists).map(([key, rows]) => [key, rows.map(sorted)]));
  if (format === 'json') cli.stdout.write(goJson(sortedLists, true));
  else cli.stdout.write(render(compile(withEscapes(format), {}), object));
}

function compile(source: string, options: TemplateOptions): Template {
  try {
    return compileTemplate(source, options);
  } catch (error) {
    throw new Error(`failed to parse template: ${(error as Error).message}`);
  }
}

function render(template: Template, row: Row): string {
  try {
    return template.render(row);
  } catch (error) {
    throw new Error(`failed to execute template: ${(error as Error).message}`);
  }
}

/** Compat: what a shell passes as `\t` or `\n` means the character. */
function withEscapes(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function rowJson(row: Row): string {
  return goJson(sorted(row), true);
}

/** `{{json .}}` of a row is the row's plain fields, in order. */
function jsonable(row: Row): Row {
  Object.defineProperty(row, 'toJSON', { value: () => sorted(row), enumerable: false });
  return row;
}

function sorted(row: Row): Row {
  const fields = Object.entries(row).filter(([, value]) => typeof value !== 'function');
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
