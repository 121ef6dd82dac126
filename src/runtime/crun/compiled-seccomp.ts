import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import type { RuntimeSeccomp, RuntimeSpec } from '../../spec/oci/runtime.ts';
import { atomicWrite, compileSeccomp, type SeccompFilter, seccompArchitecture } from '../../sys/mod.ts';

/** Spec: crun(1): takes a compiled filter, base64, in place of `linux.seccomp`. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';
const KEPT = 64;
/** Spec: libseccomp's seccomp.h. */
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};
const WITH_ERRNO = new Set(['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE']);
const OPERATORS = ['', 'NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const EPERM = 1;

/**
 * Filters compiled once for each profile. crun compiles it anew in each create, which takes as long as all the rest of
 * it; nearly all containers of a machine have the same one.
 */
export class CompiledSeccomp {
  readonly #programs = new Map<string, string>();
  readonly #directory: string;
  readonly #log: Logger;
  #broken = false;

  /** Programs are also kept in `directory`, for the next daemon: compiling takes 20 ms. */
  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
  }

  /** `spec` with its seccomp profile compiled; `spec` itself where that is not possible, and crun does it. */
  apply(spec: RuntimeSpec): RuntimeSpec {
    const { seccomp, ...linux } = spec.linux;
    if (seccomp === undefined || this.#broken) return spec;
    const program = this.#program(seccomp);
    if (program === undefined) return spec;
    return { ...spec, linux, annotations: { ...spec.annotations, [ANNOTATION]: program } };
  }

  #program(seccomp: RuntimeSeccomp): string | undefined {
    const key = createHash('sha256').update(JSON.stringify(seccomp)).digest('hex');
    const known = this.#programs.get(key) ?? this.#read(key);
    if (known !== undefined) return known;
    const filter = toFilter(seccomp);
    if (filter === undefined) return undefined;
    try {
      const program = compileSeccomp(filter).toString('base64');
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      atomicWrite(join(this.#directory, key), program);
      return this.#remember(key, program);
    } catch (error) {
      this.#log.warn('seccomp profiles are left to crun', { error: messageOf(error) });
      this.#broken = true;
      return undefined;
    }
  }

  #read(key: string): string | undefined {
    try {
      return this.#remember(key, readFileSync(join(this.#directory, key), 'latin1'));
    } catch {
      return undefined;
    }
  }

  #remember(key: string, program: string): string {
    if (this.#programs.size >= KEPT) this.#programs.clear();
    this.#programs.set(key, program);
    return program;
  }
}

/** Undefined where the profile has something that only crun can do (notifications, flags). */
function toFilter(seccomp: RuntimeSeccomp): SeccompFilter | undefined {
  const actionOf = (name: string, errno: number | undefined) => {
    const action = ACTIONS[name];
    return action === undefined ? undefined : WITH_ERRNO.has(name) ? action + (errno ?? EPERM) : action;
  };
  const defaultAction = actionOf(seccomp.defaultAction, seccomp.defaultErrnoRet);
  if (defaultAction === undefined || seccomp.flags?.length) return undefined;
  const rules: SeccompFilter['rules'] = [];
  for (const { names, action: name, errnoRet, args = [] } of seccomp.syscalls) {
    const action = actionOf(name, errnoRet);
    if (action === undefined) return undefined;
    const comparisons = args.map(({ index, value, valueTwo, op }) => {
      return { index, op: OPERATORS.indexOf(op.replace('SCMP_CMP_', '')), a: value, b: valueTwo ?? 0 };
    });
    if (comparisons.some(({ op }) => op < 1)) return undefined;
    rules.push({ names, action, args: comparisons });
  }
  const architectures = (seccomp.architectures ?? []).map((token) =>
    seccompArchitecture(token.replace('SCMP_ARCH_', '').toLowerCase()),
  );
  return architectures.includes(0) ? undefined : { defaultAction, architectures, rules };
}
