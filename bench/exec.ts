import type { Contestant } from './engines.ts';
import { client, print, rounds, timed } from './timed.ts';

const NAME = 'bench-exec';

/** `exec CONTAINER true`, the client's own time included. */
export async function benchExec(engines: readonly Contestant[], image: string, count: number): Promise<void> {
  for (const engine of engines) {
    await client(engine, 'run', '-d', '--name', NAME, ...engine.runFlags, image, 'sleep', '100000');
  }
  print(
    'exec CONTAINER true',
    await rounds(engines, count, (engine) => timed(engine, ['exec', NAME, 'true'])),
  );
  for (const engine of engines) await client(engine, 'rm', '-f', ...engine.removeFlags, NAME);
}
