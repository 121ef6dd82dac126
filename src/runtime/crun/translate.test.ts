import { describe, expect, test } from 'bun:test';
import { failureOf, lastMessage } from './translate.ts';
import { parseVersion } from './version.ts';

const INIT = 'unable to start container process: error during container init: ';

/** crun's message → runc's sentence and Docker's exit code. */
const CASES: [string, string, number][] = [
  [
    'executable file `nosuch` not found in $PATH: No such file or directory',
    `${INIT}exec: "nosuch": executable file not found in $PATH`,
    127,
  ],
  [
    'executable file `/x/y` not found in $PATH: No such file or directory',
    `${INIT}exec: "/x/y": stat /x/y: no such file or directory`,
    127,
  ],
  ['open executable: Permission denied', `${INIT}exec: "": permission denied`, 126],
  ['open executable: Operation not permitted', `${INIT}exec: "": is a directory: permission denied`, 126],
  [
    'setrlimit `RLIMIT_NOFILE`: Operation not permitted',
    `${INIT}error setting rlimits for ready process: error setting rlimit type 7: operation not permitted`,
    128,
  ],
  ['write to /proc/x: Invalid argument', `${INIT}write to /proc/x: invalid argument`, 128],
];

describe('failureOf', () => {
  for (const [crun, runc, exitCode] of CASES) {
    test(crun, () => {
      const failure = failureOf(crun, undefined);
      const prefix = 'failed to create shim task: OCI runtime create failed: runc create failed: ';
      expect(failure.message).toBe(`${prefix}${runc}: unknown`);
      expect(failure.exitCode).toBe(exitCode);
    });
  }

  test("asks about directory and file as dockerd does, and leaves runc's own words", () => {
    expect(failureOf('mount `/a` to `b`: Not a directory', undefined).message).toEndWith(
      'mount src=/a, dst=/b: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type',
    );
    expect(failureOf('runc create failed: x', undefined).message).toBe(
      'failed to create shim task: OCI runtime create failed: runc create failed: x: unknown',
    );
  });
});

describe('lastMessage', () => {
  test('reads text and JSON', () => {
    expect(lastMessage('2026-11-24T07:53:31.084861Z: a: b\n')).toBe('a: b');
    expect(lastMessage('{"msg":"x"}\n{"level":"error","msg":"y"}\n')).toBe('y');
    expect(lastMessage('')).toBeUndefined();
  });
});

describe('parseVersion', () => {
  test('of crun and runc', () => {
    expect(parseVersion('crun version 1.8.1\ncommit: f8a0\nrundir: /run/crun\n')).toEqual({
      name: 'crun',
      version: '1.8.1',
      commit: 'f8a0',
    });
    expect(parseVersion('runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1\n').name).toBe('runc');
  });
});
