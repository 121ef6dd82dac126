import { closeSync, fstatSync, readSync } from 'node:fs';
import { koffi } from './koffi.ts';
import { createMemfd } from './process.ts';

/** One rule: what to do on a system call, maybe only if its arguments compare so. */
export interface SeccompRule {
  names: string[];
  action: number;
  args: { index: number; op: number; a: number; b: number }[];
}

export interface SeccompFilter {
  defaultAction: number;
  /** libseccomp's tokens, without the native one. */
  architectures: number[];
  rules: SeccompRule[];
}

const OPTIMIZE_ATTRIBUTE = 8;
const BINARY_TREE = 2;
const EEXIST = -17;
const UNKNOWN_CALL = -1;

type Library = ReturnType<typeof bind>;
let library: Library | undefined;

function bind() {
  const lib = koffi.load('libseccomp.so.2');
  const comparison = koffi.struct({ arg: 'uint', op: 'int', a: 'uint64_t', b: 'uint64_t' });
  return {
    init: lib.func('seccomp_init', 'void *', ['uint32_t']),
    release: lib.func('seccomp_release', 'void', ['void *']),
    archAdd: lib.func('seccomp_arch_add', 'int', ['void *', 'uint32_t']),
    archResolve: lib.func('seccomp_arch_resolve_name', 'uint32_t', ['str']),
    attrSet: lib.func('seccomp_attr_set', 'int', ['void *', 'int', 'uint32_t']),
    resolve: lib.func('seccomp_syscall_resolve_name', 'int', ['str']),
    ruleAdd: lib.func('seccomp_rule_add_array', 'int', [
      'void *',
      'uint32_t',
      'int',
      'uint',
      koffi.pointer(comparison),
    ]),
    exportBpf: lib.func('seccomp_export_bpf', 'int', ['void *', 'int']),
  };
}

/** libseccomp's token of an architecture (`x86_64`, `x32`, …); 0 if it does not know it. */
export function seccompArchitecture(name: string): number {
  library ??= bind();
  return library.archResolve(name) as number;
}

/**
 * Compiles a filter into the BPF program that seccomp(2) takes, by libseccomp. Calls that the library does not know
 * are left to the default action. Throws where the library is not there or refuses a rule.
 */
export function compileSeccomp(filter: SeccompFilter): Buffer {
  library ??= bind();
  const lib = library;
  const context: unknown = lib.init(filter.defaultAction);
  if (context === null) throw new Error('seccomp_init failed');
  const call = (name: string, result: number) => {
    if (result < 0 && result !== EEXIST) throw new Error(`${name}: ${result}`);
  };
  try {
    for (const token of filter.architectures) call('seccomp_arch_add', lib.archAdd(context, token) as number);
    // As a tree over the call's number: a filter runs on each system call. Older libraries have only the list.
    lib.attrSet(context, OPTIMIZE_ATTRIBUTE, BINARY_TREE);
    for (const { names, action, args } of filter.rules) {
      // What the default does anyway is no rule to the library.
      if (action === filter.defaultAction) continue;
      const comparisons = args.map(({ index, op, a, b }) => ({ arg: index, op, a, b }));
      for (const name of names) {
        const number = lib.resolve(name) as number;
        if (number === UNKNOWN_CALL) continue;
        call(
          `seccomp_rule_add ${name}`,
          lib.ruleAdd(context, action, number, args.length, comparisons) as number,
        );
      }
    }
    return exportProgram(lib, context);
  } finally {
    lib.release(context);
  }
}

function exportProgram(lib: Library, context: unknown): Buffer {
  const fd = createMemfd('seccomp');
  try {
    const result = lib.exportBpf(context, fd) as number;
    if (result < 0) throw new Error(`seccomp_export_bpf: ${result}`);
    const program = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, program, 0, program.length, 0);
    return program;
  } finally {
    closeSync(fd);
  }
}
