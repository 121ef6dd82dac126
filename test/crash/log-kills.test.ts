/**
 * The daemon is killed under containers that write all the time, and one that ends at a random moment: each line is in
 * the log once and in order, no exit code is lost. MINKE_LOG_KILLS sets how often (default: a sample).
 */
import { expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { sleep } from '../fixtures/machine.ts';

const KILLS = Number(process.env['MINKE_LOG_KILLS'] ?? 2);
/** All four in a long round. */
const WRITERS = [
  { what: 'numbered', driver: 'json-file' },
  { what: 'identical', driver: 'local' },
  { what: 'numbered', driver: 'local' },
  { what: 'identical', driver: 'json-file' },
].slice(0, KILLS > 10 ? 4 : 2);

/** Writes until it gets SIGTERM; then says how many lines there were. */
const writer = (line: string) =>
  `n=0; trap 'echo end $n; exit 7' TERM; while :; do ${line}; n=$((n+500)); sleep 0.02; done`;

test(
  'lines are in the log once and in order, and exit codes are known, however often the daemon is killed',
  async () => {
    const daemon = await Daemon.start({ subnet: 94 });
    try {
      const [cli] = dockerClis();
      if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
      const docker = new Client(cli, daemon.host);
      await docker.ok(['import', '-', 'base:1'], { input: busyboxRootfs() });
      const run = (name: string, driver: string, script: string) =>
        docker.ok([
          'run',
          '-d',
          '--name',
          name,
          '--log-driver',
          driver,
          '--log-opt',
          'max-size=900m',
          'base:1',
          'sh',
          '-c',
          script,
        ]);
      for (const { what, driver } of WRITERS) {
        const line = what === 'numbered' ? 'seq $((n+1)) $((n+500))' : 'yes same | head -n 500';
        await run(`${what}-${driver}`, driver, writer(line));
      }
      for (let kill = 0; kill < KILLS; kill++) {
        const code = kill % 120;
        const ends = (Math.random() * 0.4).toFixed(3);
        await run(`ends-${kill}`, 'local', `sleep ${ends}; exit ${code}`);
        await sleep(Math.random() * 200);
        await daemon.kill();
        await sleep(Math.random() * 200);
        await daemon.start();
        expect(await docker.ok(['wait', `ends-${kill}`])).toBe(String(code));
        await docker.ok(['rm', `ends-${kill}`]);
      }
      for (const { what, driver } of WRITERS) {
        const name = `${what}-${driver}`;
        await docker.ok(['stop', name]);
        expect(await docker.ok(['inspect', '-f', '{{.State.ExitCode}}', name])).toBe('7');
        const lines = (await docker.ok(['logs', name], { timeout: 60_000 })).split('\n');
        const total = Number(/^end (\d+)$/.exec(lines.pop() ?? '')?.[1]);
        // The signal may come between the lines and their count.
        expect([total, total + 500]).toContain(lines.length);
        const wrong = lines.findIndex((line, i) => line !== (what === 'numbered' ? `${i + 1}` : 'same'));
        expect(wrong).toBe(-1);
      }
    } finally {
      await daemon.stop();
    }
  },
  60_000 + KILLS * 15_000,
);
