import { messageOf } from '../base/mod.ts';
import { answerFlags } from './config/answer-flags.ts';
import { FlagError } from './config/flag-error.ts';
import { readConfig } from './config/read-config.ts';
import { startDaemon } from './daemon.ts';

// koffi's own and node:fs's asynchronous calls share libuv's pool; see docs/decisions/0001-bun-and-koffi.md.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

// Compat: as dockerd. Modes of what the engine makes are written out.
process.umask(0o022);

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const answer = answerFlags(argv);
  if (answer !== undefined) {
    process.stdout.write(answer);
    return;
  }
  const daemon = await startDaemon(readConfig(argv));
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      // Without it the program would end, with success, where only workers are waited for that do not hold it.
      setInterval(() => {}, 60_000);
      daemon.stop().then(
        () => process.exit(0),
        (error: unknown) => fail('shutdown', error),
      );
    });
  }
  // Compat: dockerd reloads at this signal, firewall scripts send it. What we reload is what they flushed.
  process.on('SIGHUP', () => {
    daemon.repair().catch((error: unknown) => {
      process.stderr.write(`minked: repair: ${messageOf(error)}\n`);
    });
  });
}

function fail(what: string, error: unknown): never {
  const said = error instanceof FlagError ? error.message : `minked: ${what}: ${messageOf(error)}`;
  process.stderr.write(`${said}\n`);
  process.exit(1);
}

process.on('SIGPIPE', () => {});
process.on('unhandledRejection', (error) => {
  process.stderr.write(
    `minked: unhandled rejection: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
main().catch((error: unknown) => fail('failed to start daemon', error));
