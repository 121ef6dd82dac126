import { isApiError } from '../client/mod.ts';
import { compileTemplate, type Template } from '../spec/go-template/execute.ts';
import type { Cli } from './cli.ts';
import { ExitError } from './command.ts';
import { errorText } from './error-text.ts';
import { compactJson, indentJson } from './output/indent-json.ts';

/** Gets the inspect answer of one object, as the engine wrote it. */
export type Lookup = (name: string) => Promise<string>;

/**
 * Prints what is known of each object: a JSON list, or one line each by a template. What fails is said at the end;
 * the others are printed nevertheless.
 */
export async function inspectObjects(
  cli: Cli,
  names: string[],
  format: string,
  lookUp: Lookup,
): Promise<number> {
  const template = format === '' || format === 'json' ? undefined : compile(format);
  const found: string[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push((await lookUp(name)).trim());
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  if (template) failures.push(...printEach(cli, template, found));
  else if (format === 'json') cli.print(compactJson(`[${found.join(',')}]`));
  else cli.print(found.length === 0 ? '[]' : indentJson(`[${found.join(',')}]`));
  for (const failure of failures) cli.complain(failure);
  return failures.length > 0 ? 1 : 0;
}

/** Asks one kind after the other; the first that knows the name has it. */
export function firstThatKnows(lookUps: Lookup[]): Lookup {
  return async (name) => {
    for (const lookUp of lookUps) {
      try {
        return await lookUp(name);
      } catch (error) {
        if (!isApiError(error, 404)) throw error;
      }
    }
    throw new Error(`Error: No such object: ${name}`);
  };
}

function printEach(cli: Cli, template: Template, found: string[]): string[] {
  for (const text of found) {
    try {
      cli.print(template.render(JSON.parse(text)));
    } catch (error) {
      cli.print('');
      return [`template parsing error: ${(error as Error).message}`];
    }
  }
  if (found.length === 0) cli.print('');
  return [];
}

function compile(format: string): Template {
  try {
    return compileTemplate(format);
  } catch (error) {
    throw new ExitError(64, `template parsing error: ${(error as Error).message}`);
  }
}
