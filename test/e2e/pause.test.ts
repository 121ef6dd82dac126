import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { engine } from '../fixtures/engine.ts';
import { sleep, until } from '../fixtures/machine.ts';
import { started } from '../fixtures/started.ts';

/** Clock ticks that a process has run. Spec: proc_pid_stat(5), fields 14 and 15. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

test('a paused process uses no CPU, keeps what it has, and goes on where it stood', async () => {
  const { docker } = await engine();
  // Counts, and says how far it came when it is asked.
  const script = "i=0; trap 'echo at $i' USR1; echo on; while :; do i=$((i+1)); done";
  await using box = await started(script, { says: 'on' });
  const { name } = box;
  const pid = Number(await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]));
  const busy = ticks(pid);
  await until('it to use the CPU', () => ticks(pid) > busy + 2);
  expect(await docker.ok(['pause', name])).toBe(name);
  expect(
    await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.Running}} {{.State.Paused}}', name]),
  ).toBe('paused true true');
  const frozen = ticks(pid);
  await sleep(400);
  expect(ticks(pid)).toBe(frozen);
  for (const [verb, why] of [
    ['pause', /is already paused/],
    ['exec', /is paused, unpause the container before exec/],
    ['start', /cannot start a paused container, try unpause instead/],
    ['rm', /cannot remove/],
  ] as const) {
    const refused = await docker.run([verb, name, ...(verb === 'exec' ? ['true'] : [])]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(why);
  }
  expect((await docker.run(['attach', name])).stderr).toContain('cannot attach to a paused container');
  expect(await docker.ok(['unpause', name])).toBe(name);
  await until('it to go on', () => ticks(pid) > frozen + 2);
  expect(await docker.ok(['inspect', '-f', '{{.State.Pid}}', name])).toBe(String(pid));
  await docker.ok(['kill', '-s', 'USR1', name]);
  await until('its count', async () => /at [1-9]\d+/.test(await docker.ok(['logs', name])));
  const twice = await docker.run(['unpause', name]);
  expect(twice.code).toBe(1);
  expect(twice.stderr).toContain('is not paused');
});

test('a stop of a paused container lets it end by itself', async () => {
  const { docker } = await engine();
  await using box = await started('trap "echo bye; exit 5" TERM; echo on; while :; do sleep 0.05; done', {
    says: 'on',
  });
  await docker.ok(['pause', box.name]);
  await docker.ok(['stop', box.name]);
  expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', box.name])).toBe(
    'exited 5',
  );
  expect(await docker.ok(['logs', box.name])).toBe('on\nbye');
});
