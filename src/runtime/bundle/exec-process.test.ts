import { expect, test } from 'bun:test';
import type { RuntimeProcess } from '../../spec/oci/runtime.ts';
import { type ExecProcess, execProcess } from './exec-process.ts';

const CONTAINER: RuntimeProcess = {
  terminal: true,
  consoleSize: { height: 1, width: 2 },
  user: { uid: 0, gid: 0 },
  args: ['sleep'],
  env: ['A=1'],
  cwd: '/srv',
  capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
  noNewPrivileges: true,
  oomScoreAdj: 7,
};
const SETTINGS: ExecProcess = {
  args: ['ls'],
  env: ['B=2'],
  cwd: '/',
  tty: false,
  consoleSize: [5, 6],
  user: { uid: 9, gid: 8, additionalGids: [8] },
  privileged: false,
};

test('an exec keeps the limits of its container and has nothing else of its process', () => {
  expect(execProcess(CONTAINER, SETTINGS, ['CAP_SYS_ADMIN'])).toEqual({
    user: { uid: 9, gid: 8, additionalGids: [8] },
    args: ['ls'],
    env: ['B=2'],
    cwd: '/',
    capabilities: { bounding: ['CAP_KILL'], effective: [], permitted: [], inheritable: [], ambient: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
    noNewPrivileges: true,
    oomScoreAdj: 7,
  });
});

test('a privileged exec has what the daemon holds, one with a terminal its size', () => {
  const { user: _user, ...settings } = SETTINGS;
  const process = execProcess(CONTAINER, { ...settings, tty: true, privileged: true }, ['CAP_SYS_ADMIN']);
  expect(process.capabilities?.effective).toEqual(['CAP_SYS_ADMIN']);
  expect(process.terminal).toBe(true);
  expect(process.consoleSize).toEqual({ height: 5, width: 6 });
  expect(process.user).toEqual({ uid: 0, gid: 0 });
});
