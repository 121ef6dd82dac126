import { nodeFs } from '../lazy-node.ts';
import { withoutEcho } from './raw-mode.ts';
import type { Output } from './sink.ts';

/** All of standard input. */
export function readInput(): string {
  return nodeFs().readFileSync(0, 'utf8');
}

/** Asks for one line at the terminal. */
export async function ask(out: Output, question: string): Promise<string> {
  out.write(question);
  return (await readLine()).trim();
}

/** The same, without showing what is typed; the terminal shows again on every way out. */
export async function askSecret(out: Output, question: string): Promise<string> {
  using echo = withoutEcho();
  const restore = () => {
    echo[Symbol.dispose]();
    process.exit(130);
  };
  process.once('SIGINT', restore);
  process.once('SIGTERM', restore);
  try {
    return await ask(out, question);
  } finally {
    out.write('\n');
    process.off('SIGINT', restore);
    process.off('SIGTERM', restore);
  }
}

/** Why not: `readSync`, which would leave no turn for the signal that has to restore the terminal. */
function readLine(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const more = () => {
    const buffer = Buffer.alloc(1024);
    nodeFs().read(0, buffer, 0, buffer.length, null, (error, count) => {
      if (error) return reject(error);
      text += buffer.toString('utf8', 0, count);
      const end = text.indexOf('\n');
      if (end >= 0 || count === 0) return resolve(end < 0 ? text : text.slice(0, end));
      more();
    });
  };
  more();
  return promise;
}
