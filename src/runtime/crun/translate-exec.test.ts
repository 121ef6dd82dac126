import { describe, expect, test } from 'bun:test';
import type { RuntimeProcess } from '../../spec/oci/runtime.ts';
import { KeeperFailure } from '../keeper/protocol.ts';
import { execFailureOf, toExecFailure } from './translate-exec.ts';

const process = (command: string) => ({ args: [command] }) as RuntimeProcess;
const START = 'OCI runtime exec failed: exec failed: unable to start container process: ';

describe('what the OCI runtime says of an exec', () => {
  test.each([
    [
      'nosuch',
      'executable file `nosuch` not found in $PATH: No such file or directory',
      'exec: "nosuch": executable file not found in $PATH',
      127,
    ],
    ['', 'open executable: Operation not permitted', 'exec: "": executable file not found in $PATH', 127],
    ['/x', 'open executable: Permission denied', 'exec: "/x": permission denied', 126],
    [
      'ls',
      'chdir `/nope`: No such file or directory',
      'chdir to cwd ("/nope") set in config.json failed: no such file or directory',
      127,
    ],
    ['ls', 'capset: Operation not permitted', 'capset: operation not permitted', 128],
  ])('of %p becomes runc’s sentence and exit code', (command, text, sentence, exitCode) => {
    const failure = execFailureOf(text, process(command));
    expect([failure.message, failure.exitCode]).toEqual([`${START}${sentence}: unknown`, exitCode]);
  });

  test('by a keeper of before says what to do', () => {
    const error = new KeeperFailure({ kind: 'bad-request', message: 'no operation exec' });
    expect(toExecFailure(error, undefined).code).toBe('unavailable');
  });
});
