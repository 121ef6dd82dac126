import type { Cli } from '../cli.ts';

/** Begins to wait for the container's exit, before it is started; resolves to a promise of the exit code. */
export async function watchExit(cli: Cli, id: string, removed: boolean): Promise<{ code: Promise<number> }> {
  const { result } = await cli.engine.containers.wait(id, removed ? 'removed' : 'next-exit');
  const code = result.then(
    ({ StatusCode, Error: failure }) => {
      if (!failure?.Message) return StatusCode;
      cli.complain(`Error waiting for container: ${failure.Message}`);
      return 125;
    },
    (error: Error) => {
      cli.complain(`error waiting for container: ${error.message}`);
      return 125;
    },
  );
  return { code };
}
