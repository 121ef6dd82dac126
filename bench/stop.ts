import type { Contestant } from './engines.ts';
import { client, print, rounds, timed } from './timed.ts';

const NAME = 'bench-stop';
/** Its first process ends as soon as it gets SIGTERM: the shell's `wait` is interrupted by it. */
const OBEDIENT = 'trap "exit 0" TERM; sleep 100000 & wait';

/** `stop CONTAINER` of a process that obeys SIGTERM, the client's own time included. */
export async function benchStop(engines: readonly Contestant[], image: string, count: number): Promise<void> {
  for (const engine of engines) {
    await client(engine, 'create', '--name', NAME, ...engine.runFlags, image, 'sh', '-c', OBEDIENT);
  }
  const results = await rounds(engines, count, async (engine) => {
    await client(engine, 'start', NAME);
    // It has set its trap.
    await client(engine, 'exec', NAME, 'true');
    return await timed(engine, ['stop', NAME]);
  });
  print('stop CONTAINER, of a process that obeys SIGTERM', results);
  for (const engine of engines) {
    const code = await client(engine, 'inspect', '-f', '{{.State.ExitCode}}', NAME);
    if (code !== '0') throw new Error(`${engine.name}: stopped with exit code ${code}`);
    await client(engine, 'rm', '-f', NAME);
  }
}
