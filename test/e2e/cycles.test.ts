/**
 * Execs and attached clients that come and go leave nothing: a few here, 50,000 and 10,000 in `npm run soak`
 * (`MINKE_EXEC_ROUNDS`, `MINKE_ATTACH_ROUNDS`).
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readUntil } from '../../src/api/testing/read-socket.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { type Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { descriptors, memory } from '../fixtures/process-size.ts';

const EXECS = Number(process.env['MINKE_EXEC_ROUNDS'] ?? 24);
const ATTACHES = Number(process.env['MINKE_ATTACH_ROUNDS'] ?? 40);
/** Rounds before the first look: what is kept for the next one is there by then. */
const WARM_UP = (rounds: number) => (rounds > 1000 ? 500 : 6);
/** A round takes 20 ms on an idle machine. */
const TIMEOUT = 120_000 + (EXECS + ATTACHES) * 300;
/** MB. What a garbage collector has not looked at yet. */
const SLACK = 25;

async function box(flags: string[], ...command: string[]) {
  const { docker, busybox, daemon } = await engine();
  const name = uniqueName();
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, ...command]);
  const removal = removing(docker, name);
  return { docker, daemon, name, [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose]() };
}

/** Daemon and keeper, by name. */
function processes(daemon: Daemon): Record<string, number> {
  if (ENGINE === 'docker') return {};
  return { daemon: daemon.pid, keeper: Number(readFileSync(join(daemon.execRoot, 'keeper.lock'), 'utf8')) };
}

/** Runs `work` for a while, and then so many times; daemon and keeper are as large after it as before. */
async function staysFlat(
  daemon: Daemon,
  rounds: number,
  work: (round: number) => Promise<void>,
): Promise<void> {
  using _calm = await calm('the size of one process is looked at');
  for (let round = 0; round < WARM_UP(rounds); round++) await work(round);
  const before = Object.entries(processes(daemon)).map(([name, pid]) => {
    return { name, pid, descriptors: descriptors(pid), memory: memory(pid) };
  });
  const started = performance.now();
  for (let round = 0; round < rounds; round++) await work(round);
  const took = Math.round((performance.now() - started) / rounds);
  for (const { name, pid, ...was } of before) {
    await until(`descriptors of the ${name} to be closed`, () => descriptors(pid) <= was.descriptors + 3);
    const now = { descriptors: descriptors(pid), memory: memory(pid) };
    if (rounds > 1000) {
      console.log(`${rounds} rounds of ${took} ms, ${name}: ${JSON.stringify(was)} → ${JSON.stringify(now)}`);
    }
    expect(now.memory, `${name}: MB`).toBeLessThan(was.memory + SLACK);
  }
}

/** What a socket says until it ends. */
function ending(socket: NodeJS.ReadableStream & { destroy(): void }): Promise<unknown> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', resolve).once('end', () => socket.destroy()));
}

test(
  `${EXECS} execs leave nothing`,
  async () => {
    await using x = await box([], 'sleep', '100000');
    const { api, execRoot } = x.daemon;
    await staysFlat(x.daemon, EXECS, async (round) => {
      // With pipes, on a terminal, in the background, with a client that goes at once.
      const kind = round % 4;
      const body = { Cmd: ['true'], AttachStdout: kind !== 2, AttachStdin: kind === 1, Tty: kind === 1 };
      const { Id } = (await api.post(`/containers/${x.name}/exec`, body)).json<{ Id: string }>();
      if (kind === 2) {
        expect((await api.post(`/exec/${Id}/start`, { Detach: true })).status).toBe(200);
        return;
      }
      const { socket } = await api.upgrade(`/exec/${Id}/start`, { Detach: false, Tty: kind === 1 });
      if (kind === 3) socket.destroy();
      else await ending(socket);
    });
    await until('all execs to end', async () => {
      return (await x.docker.ok(['inspect', '-f', '{{json .ExecIDs}}', x.name])) === 'null';
    });
    if (ENGINE === 'docker') return;
    await until(
      'nothing to be left',
      async () => (await sh(`find ${execRoot}/exec -type d | wc -l`)) === '1',
    );
  },
  TIMEOUT,
);

test(
  `${ATTACHES} attached clients leave nothing`,
  async () => {
    await using x = await box(['-i'], 'sh', '-c', 'while read x; do echo "o$x"; done');
    const { api } = x.daemon;
    await staysFlat(x.daemon, ATTACHES, async (round) => {
      const { socket } = await api.upgrade(`/containers/${x.name}/attach?stream=1&stdin=1&stdout=1&stderr=1`);
      // One that talks, one that ends its input, one that goes at once.
      if (round % 3 === 0) {
        socket.write('x\n');
        await readUntil(socket, (text) => text.includes('ox'));
      }
      if (round % 3 === 1) {
        socket.end();
        await ending(socket);
      }
      socket.destroy();
    });
  },
  TIMEOUT,
);

test(
  'terminals whose clients disappear leave nothing',
  async () => {
    await using x = await box(['-it'], 'sh');
    const { api } = x.daemon;
    await staysFlat(x.daemon, Math.ceil(ATTACHES / 10), async (round) => {
      const { socket } = await api.upgrade(`/containers/${x.name}/attach?stream=1&stdin=1&stdout=1`);
      socket.write(`echo r${round}""x\n`);
      await readUntil(socket, (text) => text.includes(`r${round}x`));
      socket.destroy();
      const body = { Cmd: ['sh'], AttachStdout: true, AttachStdin: true, Tty: true };
      const { Id } = (await api.post(`/containers/${x.name}/exec`, body)).json<{ Id: string }>();
      const lost = await api.upgrade(`/exec/${Id}/start`, { Detach: false, Tty: true });
      await readUntil(lost.socket, (text) => text.includes('#'));
      lost.socket.destroy();
      // Compat: its process goes on. It is ended for the next round.
      const { Pid } = (await api.get(`/exec/${Id}/json`)).json<{ Pid: number }>();
      process.kill(Pid, 'SIGKILL');
    });
    expect(await x.docker.ok(['inspect', '-f', '{{.State.Status}}', x.name])).toBe('running');
  },
  TIMEOUT,
);
