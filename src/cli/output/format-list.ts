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
  /** How a template that cannot be used is complained of, where docker has other words. */
  complaint?: string;
}

/** Prints rows by `--format`: '' or `table`, `table TEMPLATE`, `json`, `TEMPLATE`. */
export function printList(cli: Cli, format: string, list: ListFormat, rows: Row[]): void {
  cli.stdout.write(renderList(format, list, rows));
}

/** What `printList` prints. */
export function renderList(format: string, list: ListFormat, rows: Row[]): string {
  const options: TemplateOptions = {
    missing: (field) => `can't evaluate field ${field} in type ${list.goType}`,
  };
  if (format === 'json') return rows.map((row) => `${rowJson(row)}\n`).join('');
  const isTable = format === '' || format === 'table' || format.startsWith('table ');
  const wanted = format === 'raw' ? (list.raw ?? format) : format;
  const source = withEscapes(isTable ? format.replace(/^table ?/, '') || list.table : wanted);
  const template = compile(source, options, list.complaint);
  const header = isTable
    ? render(compile(source, { ...options, functions: HEADER_FUNCTIONS }), list.headers, list.complaint)
    : undefined;
  const lines = rows.map((row) => render(template, jsonable(row), list.complaint));
  if (header === undefined) return lines.map((line) => `${line}\n`).join('');
  return `${alignTable([header, ...lines].join('\n'))}\n`;
}

/** Prints one object of lists of rows by a template, or as `json`. Compat: no newline follows. */
export function printTemplate(cli: Cli, format: string, lists: Record<string, Row[]>): void {
  const object = Object.fromEntries(Object.entries(lists).map(([key, rows]) => [key, rows.map(jsonable)]));
  const sortedLists = Object.fromEntries(Object.entries(lists).map(([key, rows]) => [key, rows.map(sorted)]));
  if (format === 'json') cli.stdout.write(goJson(sortedLists, true));
  else cli.stdout.write(render(compile(withEscapes(format), {}), object));
}

function compile(source: string, options: TemplateOptions, complaint = 'failed to parse template'): Template {
  try {
    return compileTemplate(source, options);
  } catch (error) {
    throw new Error(`${complaint}: ${(error as Error).message}`);
  }
}

function render(template: Template, row: Row, complaint = 'failed to execute template'): string {
  try {
    return template.render(row);
  } catch (error) {
    throw new Error(`${complaint}: ${(error as Error).message}`);
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
