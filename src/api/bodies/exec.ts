import type { ExecCreateRequest, ExecStartOptions } from '../../engine/containers/mod.ts';
import {
  bool,
  type Codec,
  decode,
  integer,
  list,
  nullable,
  string,
  stringOrList,
  struct,
} from '../http/go-json.ts';

interface CreateDocument {
  User: string;
  Privileged: boolean;
  Tty: boolean;
  ConsoleSize: number[] | null;
  AttachStdin: boolean;
  AttachStderr: boolean;
  AttachStdout: boolean;
  DetachKeys: string;
  Env: string[] | null;
  WorkingDir: string;
  Cmd: string[] | null;
}

const consoleSize = nullable(list(integer('uint', 0)));

const createDocument = struct<CreateDocument>('ExecOptions', {
  User: string,
  Privileged: bool,
  Tty: bool,
  ConsoleSize: consoleSize,
  AttachStdin: bool,
  AttachStderr: bool,
  AttachStdout: bool,
  DetachKeys: string,
  Env: nullable(list(string)),
  WorkingDir: string,
  Cmd: stringOrList,
});

/** The body of `POST /containers/{id}/exec`. */
export const execCreate: Codec<ExecCreateRequest> = {
  go: createDocument.go,
  read(value) {
    const document = decode(createDocument, value);
    return {
      cmd: document.Cmd ?? [],
      user: document.User,
      privileged: document.Privileged,
      tty: document.Tty,
      attachStdin: document.AttachStdin,
      attachStdout: document.AttachStdout,
      attachStderr: document.AttachStderr,
      detachKeys: document.DetachKeys,
      env: document.Env ?? [],
      workingDir: document.WorkingDir,
      ...sizeOf(document.ConsoleSize),
    };
  },
};

interface StartDocument {
  Detach: boolean;
  Tty: boolean;
  ConsoleSize: number[] | null;
}

const startDocument = struct<StartDocument>('ExecStartOptions', {
  Detach: bool,
  Tty: bool,
  ConsoleSize: consoleSize,
});

/** The body of `POST /exec/{id}/start`. */
export const execStart: Codec<ExecStartOptions> = {
  go: startDocument.go,
  read(value) {
    const { Detach, Tty, ConsoleSize } = decode(startDocument, value);
    // Compat: without a terminal there is no size of one.
    return { detach: Detach, tty: Tty, ...(Tty ? sizeOf(ConsoleSize) : {}) };
  },
};

/** Compat: Go's arrays take what is there of two elements. */
function sizeOf(size: number[] | null): { consoleSize?: [number, number] } {
  return size === null ? {} : { consoleSize: [size[0] ?? 0, size[1] ?? 0] };
}
