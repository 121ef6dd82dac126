import { closeSync, constants, openSync } from 'node:fs';
import { growPipe, O_CLOEXEC, type StdioSource, setCloseOnExec, setNonBlocking } from '../../sys/mod.ts';
import type { CreateOperation } from './protocol.ts';

const PIPE_BYTES = 1024 * 1024;
const DEV_NULL: StdioSource = { path: '/dev/null', flags: constants.O_RDWR };

export interface DescriptorsSnapshot {
  fds: number[];
  stdinWriter?: number;
  ptyMaster?: number;
}

/** Descriptors that the keeper holds for one container, closed together. */
export class HeldDescriptors {
  readonly #fds = new Set<number>();
  stdinWriter: number | undefined;
  ptyMaster: number | undefined;

  hold(fd: number): number {
    this.#fds.add(fd);
    return fd;
  }

  closeStdin(): void {
    if (this.stdinWriter === undefined) return;
    this.release(this.stdinWriter);
    this.stdinWriter = undefined;
  }

  release(fd: number): void {
    if (this.#fds.delete(fd)) closeSync(fd);
  }

  /** Their numbers, for the next program of this process. */
  snapshot(): DescriptorsSnapshot {
    const { stdinWriter, ptyMaster } = this;
    return {
      fds: [...this.#fds],
      ...(stdinWriter !== undefined && { stdinWriter }),
      ...(ptyMaster !== undefined && { ptyMaster }),
    };
  }

  /** Takes over descriptors that stayed open over an exec. */
  resume({ fds, stdinWriter, ptyMaster }: DescriptorsSnapshot): void {
    for (const fd of fds) {
      setCloseOnExec(fd, true);
      this.hold(fd);
    }
    this.stdinWriter = stdinWriter;
    this.ptyMaster = ptyMaster;
  }

  close(): void {
    for (const fd of this.#fds) this.release(fd);
    this.stdinWriter = this.ptyMaster = undefined;
  }
}

/**
 * Opens the FIFOs of a start for the keeper: both ends of the output, so that neither a restarting daemon kills the
 * writer nor a bit is lost; of the input a writer where it is to outlive the daemon.
 */
export function holdStdio(
  request: Pick<CreateOperation, 'stdio' | 'holdStdin'>,
  held: HeldDescriptors,
): void {
  const { stdio } = request;
  if (stdio === undefined) return;
  for (const path of [stdio.stdout, stdio.stderr, stdio.staging]) {
    growPipe(held.hold(open(path, constants.O_RDWR | constants.O_NONBLOCK)), PIPE_BYTES);
  }
  if (stdio.stdin !== undefined && request.holdStdin) {
    held.stdinWriter = held.hold(openWriter(stdio.stdin));
  }
}

/**
 * The container's own ends, each a fresh open file description, blocking: programs do not expect EAGAIN, and may open
 * `/dev/stdout` anew. The caller closes what `close` names once the runtime was spawned.
 */
export function openContainerStdio(request: Pick<CreateOperation, 'stdio'>): {
  stdio: [StdioSource, StdioSource, StdioSource];
  close: () => void;
} {
  const { stdio } = request;
  if (stdio === undefined) return { stdio: [DEV_NULL, DEV_NULL, DEV_NULL], close: () => {} };
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds) closeSync(fd);
  };
  const opened = (path: string, flags: number) => {
    const fd = open(path, flags);
    fds.push(fd);
    return fd;
  };
  try {
    let stdin: StdioSource = { path: '/dev/null', flags: constants.O_RDONLY };
    if (stdio.stdin !== undefined) {
      stdin = opened(stdio.stdin, constants.O_RDONLY | constants.O_NONBLOCK);
      setNonBlocking(stdin, false);
    }
    return {
      stdio: [stdin, opened(stdio.stdout, constants.O_WRONLY), opened(stdio.stderr, constants.O_WRONLY)],
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * A pure writer, which does not count as a reader: the daemon's EPIPE must come when the container has closed its end.
 * Race: O_WRONLY alone fails while the container has not opened it, so both ends are open for a moment.
 */
function openWriter(path: string): number {
  const both = open(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    return open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } finally {
    closeSync(both);
  }
}

function open(path: string, flags: number): number {
  return openSync(path, flags | O_CLOEXEC);
}
