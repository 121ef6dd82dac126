import type { Cli } from '../cli.ts';

/** Asks and waits for a line; only `y` is yes, the end of the input is no. Compat: docker/cli `prompt.Confirm`. */
export async function confirm(cli: Cli, question: string): Promise<boolean> {
  cli.stdout.write(`${question} [y/N] `);
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0]?.trim().toLowerCase() === 'y';
}
