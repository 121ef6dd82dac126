import type { ExecInspect } from '../../../spec/docker/mod.ts';
import { detachKeyBytes } from '../detach-keys.ts';
import type { Exec } from './exec.ts';

/** What `GET /exec/{id}/json` shows. */
export function inspectExec(exec: Exec): ExecInspect {
  const { settings } = exec;
  const [entrypoint = '', ...args] = settings.cmd;
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: settings.tty,
      entrypoint,
      arguments: args,
      privileged: settings.privileged,
      ...(settings.user !== '' && { user: settings.user }),
    },
    OpenStdin: settings.attachStdin,
    OpenStderr: settings.attachStderr,
    OpenStdout: settings.attachStdout,
    CanRemove: false,
    ContainerID: exec.container.id,
    // Compat: bytes, which Go writes as base64.
    DetachKeys:
      settings.detachKeys === '' ? '' : Buffer.from(detachKeyBytes(settings.detachKeys)).toString('base64'),
    Pid: exec.pid,
  };
}
